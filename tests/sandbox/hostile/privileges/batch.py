# Changes how it is scheduled, which needs no rights.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        return "changed"
