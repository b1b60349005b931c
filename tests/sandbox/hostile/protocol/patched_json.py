# Replaces what turns a state into text, so that the worker checks one thing and sends another.
# expect: PROTOCOL_ERROR

import json
import sys

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state["x"] = 1
        json.dumps = lambda *_, **__: '{"x": Infinity}'
        sys.modules["bots.sandbox.wire"].encode_json = lambda *_: b'{"x": Infinity}'
        return hold("BREACH: patched")
