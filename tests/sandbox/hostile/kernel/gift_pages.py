# Puts pages of its own into the log pipe, to change them after the host has looked.
# expect: BLOCKED
# layers: seccomp
# unconfined: needs a pipe

import ctypes
import struct

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        page = ctypes.create_string_buffer(4096)
        return f"{call('vmsplice', 1, struct.pack('QQ', ctypes.addressof(page), 4096), 1, 0)} bytes"
