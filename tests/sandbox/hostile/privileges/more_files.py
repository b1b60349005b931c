# Raises its limit of open files.
# expect: BLOCKED
# layers: seccomp capabilities
# unconfined: the limit is high there, and raising it takes a capability

import resource

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))
        except ValueError as error:  # how Python tells of EPERM and of a hard limit
            raise PermissionError(1, str(error)) from error
        return f"{resource.getrlimit(resource.RLIMIT_NOFILE)}, was {soft}"
