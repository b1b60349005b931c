# Leaves a file in its own folder for the next time.
# expect: BLOCKED
# layers: seccomp landlock uid

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        path = f"{TARGET['own_folder']}/kept"
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY))
        return f"left {path}"
