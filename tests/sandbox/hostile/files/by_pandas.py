# Reads a file by a library that reads on its own.
# expect: BLOCKED
# layers: landlock

import pandas as pd

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(pd.read_csv(TARGET["csv"]).iloc[0, 0])
