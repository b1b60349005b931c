# Answers a question that was not asked.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        os.write(pipe, wire.encode_reply(nonce ^ 1, number, 0, action=hold("BREACH: forged"), state=b"{}"))
        return "forged"
