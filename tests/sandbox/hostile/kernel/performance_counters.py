# Watches the processor's events.
# expect: BLOCKED
# layers: seccomp

import struct

from attack import Attack, call

SOFTWARE, TASK_CLOCK = 1, 1


class Bot(Attack):
    def attack(self) -> str:
        # Of its own code outside of the kernel, which most machines allow.
        attributes = struct.pack("IIQQQQQ", SOFTWARE, 112, TASK_CLOCK, 0, 0, 0, 0b1100000) + bytes(64)
        return f"descriptor {call('perf_event_open', attributes, 0, -1, -1, 0)}"
