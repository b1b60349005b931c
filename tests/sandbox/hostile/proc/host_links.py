# Reads the links to the program, the folder and the root of the platform's process.
# expect: BLOCKED
# layers: landlock uid namespaces

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str([os.readlink(f"/proc/{TARGET['host']}/{name}") for name in ("cwd", "exe", "root")])
