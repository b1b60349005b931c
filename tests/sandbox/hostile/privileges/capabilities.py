# Gives itself all capabilities.
# expect: BLOCKED
# layers: seccomp capabilities

import struct

from attack import Attack, call

VERSION_3 = 0x20080522


class Bot(Attack):
    def attack(self) -> str:
        # All but CAP_SYS_RESOURCE, which some containers never have.
        low = 0xFFFFFFFF & ~(1 << 24)
        call("capset", struct.pack("Ii", VERSION_3, 0), struct.pack("6I", low, low, 0, 0x1FF, 0x1FF, 0))
        return "all capabilities"
