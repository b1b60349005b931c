# Asks for a file's number on the disk.
# expect: BLOCKED
# layers: seccomp

import ctypes
import struct

from attack import TARGET, Attack, call

AT_FDCWD = -100


class Bot(Attack):
    def attack(self) -> str:
        handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
        mount = ctypes.c_int()
        call("name_to_handle_at", AT_FDCWD, TARGET["readable"].encode(), handle, ctypes.byref(mount), 0)
        return f"mount {mount.value}"
