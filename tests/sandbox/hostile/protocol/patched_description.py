# Replaces what describes a bot, to send something else than a description.
# expect: PROTOCOL_ERROR

import sys

from attack import Attack

sys.modules["bots.sandbox.wire"].check_json = lambda *_: None
sys.modules["bots.sandbox.loader"].describe = lambda *_: {"class_name": "\0\ud800", "default_config": {}}


class Bot(Attack):
    def attack(self) -> str:
        return "described"
