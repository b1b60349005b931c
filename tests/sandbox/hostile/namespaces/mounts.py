# Makes a view of the file system of its own.
# expect: BLOCKED
# layers: seccomp capabilities

from attack import Attack, call

CLONE_NEWNS = 0x20000


class Bot(Attack):
    def attack(self) -> str:
        call("unshare", CLONE_NEWNS)
        return "mounts of its own"
