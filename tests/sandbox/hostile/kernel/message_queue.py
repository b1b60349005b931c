# Makes a named message queue.
# expect: BLOCKED
# layers: seccomp rlimits

import os

from attack import Attack, call, libc


class Bot(Attack):
    def attack(self) -> str:
        name = b"hostile-%d" % os.getpid()
        number = call("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, None)
        libc.mq_unlink(b"/" + name)
        return f"descriptor {number}"
