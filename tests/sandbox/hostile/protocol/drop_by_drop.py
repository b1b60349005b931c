# Sends its reply byte by byte, so that there is always something to read.
# expect: TIME_LIMIT

import os
import time

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        for byte in wire.encode_reply(nonce, number, 0, action=hold("BREACH: slowly"), state=b"{}"):
            os.write(pipe, bytes([byte]))
            time.sleep(0.05)
        return "sent"
