# Reads the memory of the platform's process.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces

import ctypes
import struct

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        buffer = ctypes.create_string_buffer(40)
        here = struct.pack("QQ", ctypes.addressof(buffer), 40)
        there = struct.pack("QQ", TARGET["host_address"], 40)
        call("process_vm_readv", TARGET["host"], here, 1, there, 1, 0)
        return str(buffer.value)
