# Runs a shell command.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        code = os.system(f"echo here > {TARGET['marker']}")
        if code:
            raise Denied(f"exit code {code}")
        return "ran a command"
