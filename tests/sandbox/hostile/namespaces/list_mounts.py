# Asks the kernel, without any file, what is mounted.
# expect: BLOCKED
# layers: seccomp
# unconfined: kernels before 6.8 do not know it

import ctypes
import struct

from attack import Attack, call

ROOT = 2**64 - 1


class Bot(Attack):
    def attack(self) -> str:
        numbers = (ctypes.c_uint64 * 50)()
        return f"{call('listmount', struct.pack('IIQQ', 24, 0, ROOT, 0), numbers, 50, 0)} mounts"
