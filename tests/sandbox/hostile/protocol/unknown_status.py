# Says that its files are not the approved ones, which only the host's own code may say.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        os.write(pipe, wire.encode_reply(nonce, number, wire.MISMATCH, text="another file"))
        os._exit(0)
