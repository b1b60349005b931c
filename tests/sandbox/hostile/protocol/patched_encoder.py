# Replaces the worker's own function that encodes a reply.
# expect: PROTOCOL_ERROR

import sys

from attack import Attack, hold
from bot_sdk import Action


def encode(*_: object, **__: object) -> bytes:
    return bytes(84)


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        sys.modules["bots.sandbox.wire"].encode_reply = encode
        return hold("BREACH: patched")
