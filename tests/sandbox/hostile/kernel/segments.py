# Changes the table of memory segments, an old part of x86 with a long list of faults.
# expect: BLOCKED
# layers: seccomp
# unconfined: x86 only

import ctypes

from attack import Attack, call

READ = 0


class Bot(Attack):
    def attack(self) -> str:
        return f"{call('modify_ldt', READ, ctypes.create_string_buffer(64), 64)} bytes"
