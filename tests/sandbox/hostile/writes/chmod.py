# Changes who may do what with a file.
# expect: BLOCKED
# layers: seccomp uid

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.chmod(TARGET["writable"], 0o600)
        return "changed"
