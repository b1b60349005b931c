# Announces a reply of four gigabytes.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        reply = wire.REPLY.pack(nonce, number, 0, 3, 0, 0, *(1.0,) * 5, 10, 2**32 - 1, 10)
        os.write(pipe, reply)
        return "announced"
