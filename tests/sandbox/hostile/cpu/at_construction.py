# Spins while its instance is made.
# expect: TIME_LIMIT
# layers: host

import time
from typing import Any

from attack import Attack


class Bot(Attack):
    def load_models(self, models_dict: dict[str, Any]) -> None:
        time.sleep(10)

    def attack(self) -> str:
        return "slept"
