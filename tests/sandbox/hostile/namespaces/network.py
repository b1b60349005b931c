# Makes a network of its own, to reach the kernel's code for it.
# expect: BLOCKED
# layers: seccomp capabilities

from attack import Attack, call

CLONE_NEWNET = 0x40000000


class Bot(Attack):
    def attack(self) -> str:
        call("unshare", CLONE_NEWNET)
        return "a network of its own"
