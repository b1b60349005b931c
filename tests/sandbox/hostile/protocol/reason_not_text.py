# Sends a reason that is not UTF-8.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        reply = wire.encode_reply(nonce, number, 0, action=hold("BREACH"), state=b"{}")
        os.write(pipe, reply.replace(b"BREACH", b"\xff\xfe\xc0\x80\xed\xa0"))
        os._exit(0)
