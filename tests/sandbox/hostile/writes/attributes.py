# Puts an extended attribute on a file.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.setxattr(TARGET["writable"], "user.note", b"kept for the next bot")
        return "left a note"
