# Opens a file that the platform's process has open.
# expect: BLOCKED
# layers: landlock uid namespaces

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(os.listdir(f"/proc/{TARGET['host']}/fd"))
