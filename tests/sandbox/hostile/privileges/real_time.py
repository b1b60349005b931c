# Runs before everybody else.
# expect: BLOCKED
# layers: seccomp capabilities

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        return "ran first"
