# Raises the error that means that the memory is full.
# expect: MEMORY_LIMIT

from attack import Attack
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        raise MemoryError
