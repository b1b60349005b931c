# Becomes a program that lies in memory only.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack, call

AT_EMPTY_PATH = 0x1000


class Bot(Attack):
    def attack(self) -> str:
        number = os.memfd_create("program", 0)
        os.write(number, f"#!/bin/sh\necho here > {TARGET['marker']}\n".encode())
        call("execveat", number, b"", None, None, AT_EMPTY_PATH)
        return "not reached"
