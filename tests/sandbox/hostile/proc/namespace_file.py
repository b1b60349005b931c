# Opens the file that stands for its network, which lies on no file system that Landlock knows. Borne: no call that
# takes it is allowed.
# expect: NOT_STOPPED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.open('/proc/self/ns/net', os.O_RDONLY)}"
