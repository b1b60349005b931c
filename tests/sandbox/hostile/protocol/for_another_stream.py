# Answers for the stream that is asked next. Borne: both run the same version's code, whose author could have said so.
# expect: NOT_STOPPED | PROTOCOL_ERROR
# streams: attacker victim

import os

from attack import Attack, Denied, conversation, hold


class Bot(Attack):
    asked = 0

    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        Bot.asked += 1
        if Bot.asked == 1:
            own = wire.encode_reply(nonce, number, 0, action=hold("denied: mine"), state=b"{}")
            os.write(pipe, own + wire.encode_reply(nonce, number + 1, 0, action=hold("BREACH: theirs"), state=b"{}"))
        raise Denied("the truth")
