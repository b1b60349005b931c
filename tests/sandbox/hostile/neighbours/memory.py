# Reads another bot's memory.
# expect: BLOCKED
# layers: seccomp landlock namespaces

import ctypes
import struct

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        buffer = ctypes.create_string_buffer(40)
        here = struct.pack("QQ", ctypes.addressof(buffer), 40)
        # All workers are copies of one process, so an address of its own is one of the other's as well.
        there = struct.pack("QQ", TARGET.get("victim_address", id(TARGET)), 40)
        call("process_vm_readv", TARGET["neighbour"], here, 1, there, 1, 0)
        return str(buffer.value)
