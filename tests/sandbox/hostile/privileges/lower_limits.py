# Sets a limit of its own that would end it in the middle of the host's next question.
# expect: BLOCKED
# layers: seccomp

import resource

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        limits = resource.getrlimit(resource.RLIMIT_STACK)
        try:
            resource.setrlimit(resource.RLIMIT_STACK, limits)
        except ValueError as error:
            raise PermissionError(1, str(error)) from error
        return "set"
