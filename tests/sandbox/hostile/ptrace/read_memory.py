# Reads another process's memory.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces

import ctypes
import struct

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        buffer = ctypes.create_string_buffer(40)
        here = struct.pack("QQ", ctypes.addressof(buffer), 40)
        there = struct.pack("QQ", TARGET["victim_address"], 40)
        call("process_vm_readv", TARGET["victim"], here, 1, there, 1, 0)
        return str(buffer.value)
