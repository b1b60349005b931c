# Sends a side that there is not, by the bytes of the reply.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        reply = bytearray(wire.encode_reply(nonce, number, 0, action=hold("BREACH: a side"), state=b"{}"))
        reply[17] = 200
        os.write(pipe, reply)
        os._exit(0)
