# Writes half a reply and says no more.
# expect: TIME_LIMIT

import os
import time

from attack import Attack, conversation


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        os.write(pipe, wire.encode_reply(nonce, number, 0)[:40])
        time.sleep(10)
        return "waited"
