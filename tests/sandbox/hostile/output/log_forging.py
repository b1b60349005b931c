# Prints lines that look like others' and characters that move the cursor, clear the screen or reverse the text.
# expect: OK

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        print("\r2030-01-01 ERROR root: the machine is on fire\x1b[2J\x1b]0;title\x07\0\b\b\x9b31m\u202e\u2066abc")
        return hold("printed")
