# Learns whether two processes share something.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces

import os

from attack import TARGET, Attack, call

KCMP_VM = 1


class Bot(Attack):
    def attack(self) -> str:
        return f"order {call('kcmp', os.getpid(), TARGET['victim'], KCMP_VM, 0, 0)}"
