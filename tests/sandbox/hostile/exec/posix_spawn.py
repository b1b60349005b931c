# Runs a program by posix_spawn.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", f"echo here > {TARGET['marker']}"], {})
        _, status = os.waitpid(pid, 0)
        if status:
            raise Denied(f"status {status}")
        return "ran a program"
