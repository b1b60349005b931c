# Learns the machine's load, memory and number of processes from the kernel. Borne: pandas and torch ask for them.
# expect: NOT_STOPPED

import ctypes
import os
import struct

from attack import Attack, libc


class Bot(Attack):
    def attack(self) -> str:
        buffer = ctypes.create_string_buffer(200)
        if libc.sysinfo(buffer):
            raise OSError(ctypes.get_errno(), "sysinfo")
        uptime, load, _, _, memory = struct.unpack_from("5Q", buffer)
        return f"up {uptime} s, load {load}, {memory} bytes, {os.uname().release}"
