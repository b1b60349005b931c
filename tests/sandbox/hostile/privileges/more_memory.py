# Raises its limit of memory.
# expect: BLOCKED
# layers: seccomp capabilities
# unconfined: there is no limit

import resource

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except ValueError as error:
            raise PermissionError(1, str(error)) from error
        return "no limit"
