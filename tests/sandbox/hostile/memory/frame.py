# Makes a table grow by joining it with itself.
# expect: MEMORY_LIMIT
# layers: rlimits

import pandas as pd

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        frame = pd.DataFrame({"key": 1, "value": range(9000)})
        return f"{len(frame.merge(frame, on='key'))} rows"
