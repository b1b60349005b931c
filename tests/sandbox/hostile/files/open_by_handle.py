# Opens a file by its number on the disk, past all folders.
# expect: BLOCKED
# layers: seccomp capabilities

import ctypes
import os
import struct

from attack import TARGET, Attack, call

AT_FDCWD = -100


class Bot(Attack):
    def attack(self) -> str:
        handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
        mount = ctypes.c_int()
        call("name_to_handle_at", AT_FDCWD, TARGET["readable"].encode(), handle, ctypes.byref(mount), 0)
        folder = os.open(TARGET["folder"], os.O_RDONLY)
        number = call("open_by_handle_at", folder, handle, os.O_RDONLY)
        return os.read(number, 100).decode()
