# Makes a set of descriptors to wait for.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('epoll_create1', 0)}"
