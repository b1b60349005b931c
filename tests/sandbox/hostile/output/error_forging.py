# Raises an error whose text and name forge what its author's page shows.
# expect: RUNTIME_ERROR

from attack import Attack
from bot_sdk import Action

Evil = type("Evil\x1b[2J<script>\u202e\n\n2030-01-01 ERROR root: fire", (Exception,), {})


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        raise Evil("\0" * 100 + "x" * 1_000_000)
