# Answers the next question before it is asked, with the same nonce.
# expect: OK | PROTOCOL_ERROR
# calls: 2

import os

from attack import Attack, conversation, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        if self.state:
            return hold("the second answer")
        pipe, nonce, number, wire = conversation()
        first = wire.encode_reply(nonce, number, 0, action=hold("the first answer"), state=b'{"asked": 1}')
        ahead = wire.encode_reply(nonce, 0, 0, action=hold("BREACH: answered ahead"), state=b"{}")
        os.write(pipe, first)
        os.write(pipe, ahead)
        return hold("BREACH: the first answer came for the second question")
