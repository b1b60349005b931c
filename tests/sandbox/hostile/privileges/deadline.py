# Reserves processor time by the newest call for it.
# expect: BLOCKED
# layers: seccomp capabilities

import struct

from attack import Attack, call

SCHED_DEADLINE = 6


class Bot(Attack):
    def attack(self) -> str:
        times = 1_000_000, 10_000_000, 10_000_000
        call("sched_setattr", 0, struct.pack("IIQiIQQQ", 48, SCHED_DEADLINE, 0, 0, 0, *times), 0)
        call("sched_setattr", 0, struct.pack("IIQiIQQQ", 48, 0, 0, 0, 0, 0, 0, 0), 0)
        return "reserved"
