# Reads the kernel's log by its call.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

SIZE_BUFFER = 10


class Bot(Attack):
    def attack(self) -> str:
        return f"{call('syslog', SIZE_BUFFER, None, 0)} bytes"
