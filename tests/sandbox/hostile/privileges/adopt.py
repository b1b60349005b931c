# Becomes the parent of processes that lose theirs.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, prctl

PR_SET_CHILD_SUBREAPER = 36


class Bot(Attack):
    def attack(self) -> str:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        return "adopts"
