# Writes a file by a library.
# expect: BLOCKED
# layers: seccomp landlock rlimits

import pandas as pd

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        pd.DataFrame({"x": [1]}).to_csv(TARGET["marker"])
        return "written"
