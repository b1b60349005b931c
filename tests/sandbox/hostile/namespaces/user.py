# Makes a user namespace, in which it would be root.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

CLONE_NEWUSER = 0x10000000


class Bot(Attack):
    def attack(self) -> str:
        call("unshare", CLONE_NEWUSER)
        return "root of its own"
