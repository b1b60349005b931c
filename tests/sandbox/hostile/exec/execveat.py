# Becomes a shell by a call that not every filter knows.
# expect: BLOCKED
# layers: seccomp

import ctypes

from attack import TARGET, Attack, call

AT_FDCWD = -100


class Bot(Attack):
    def attack(self) -> str:
        words = [b"sh", b"-c", f"echo here > {TARGET['marker']}".encode(), None]
        call("execveat", AT_FDCWD, b"/bin/sh", (ctypes.c_char_p * 4)(*words), None, 0)
        return "not reached"
