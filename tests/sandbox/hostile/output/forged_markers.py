# Prints what the worker prints between the logs of two calls.
# expect: OK
# streams: attacker victim

import os

from attack import Attack, conversation, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        _, nonce, number, wire = conversation()
        os.write(1, wire.marker(nonce, number) * 3 + wire.marker(nonce, number + 1) + b"the other's log")
        return hold("marked")
