# Changes another process's memory.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces

import ctypes
import struct

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        buffer = ctypes.create_string_buffer(b"changed")
        here = struct.pack("QQ", ctypes.addressof(buffer), 8)
        there = struct.pack("QQ", TARGET["victim_address"], 8)
        return f"{call('process_vm_writev', TARGET['victim'], here, 1, there, 1, 0)} bytes"
