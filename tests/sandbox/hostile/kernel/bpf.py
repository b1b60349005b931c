# Loads a program into the kernel.
# expect: BLOCKED
# layers: seccomp

import struct

from attack import Attack, call

BPF_MAP_CREATE, ARRAY = 0, 2


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('bpf', BPF_MAP_CREATE, struct.pack('IIII', ARRAY, 4, 4, 1) + bytes(56), 72)}"
