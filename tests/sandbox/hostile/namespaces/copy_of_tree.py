# Takes a piece of the mounted file systems along.
# expect: BLOCKED
# layers: seccomp capabilities

from attack import Attack, call

AT_FDCWD, OPEN_TREE_CLONE = -100, 1


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('open_tree', AT_FDCWD, b'/', OPEN_TREE_CLONE)}"
