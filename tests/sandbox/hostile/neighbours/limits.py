# Takes away another bot's processor time.
# expect: BLOCKED
# layers: seccomp uid namespaces

import resource

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        limits = resource.prlimit(TARGET["neighbour"], resource.RLIMIT_CPU)
        resource.prlimit(TARGET["neighbour"], resource.RLIMIT_CPU, limits)
        return f"limits were {limits}"
