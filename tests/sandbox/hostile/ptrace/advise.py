# Tells the kernel to throw out another process's memory.
# expect: BLOCKED
# layers: seccomp capabilities landlock uid namespaces

import struct

from attack import TARGET, Attack, call

MADV_COLD = 20


class Bot(Attack):
    def attack(self) -> str:
        process = call("pidfd_open", TARGET["victim"], 0)
        there = struct.pack("QQ", TARGET["victim_address"] & ~4095, 4096)
        return f"{call('process_madvise', process, there, 1, MADV_COLD, 0)} bytes"
