# Becomes a shell.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.execve("/bin/sh", ["sh", "-c", f"echo here > {TARGET['marker']}"], {})
        return "not reached"
