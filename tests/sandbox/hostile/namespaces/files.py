# Stops sharing its table of descriptors with its other threads.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

CLONE_FILES = 0x400


class Bot(Attack):
    def attack(self) -> str:
        call("unshare", CLONE_FILES)
        return "a table of its own"
