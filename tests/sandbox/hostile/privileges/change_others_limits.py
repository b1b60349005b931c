# Takes away another process's files.
# expect: BLOCKED
# layers: seccomp uid namespaces

import resource

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        resource.prlimit(TARGET["victim"], resource.RLIMIT_NOFILE, (3, 3))
        return "taken away"
