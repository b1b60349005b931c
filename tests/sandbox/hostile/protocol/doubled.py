# Answers twice, so that the second answer is there before the next question.
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
        os.write(pipe, wire.encode_reply(nonce, number, 0, action=hold("the first answer"), state=b'{"asked": 1}'))
        return hold("BREACH: the first answer came for the second question")
