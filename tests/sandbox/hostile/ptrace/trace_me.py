# Lets its parent trace it, which stops it at every signal.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

PTRACE_TRACEME = 0


class Bot(Attack):
    def attack(self) -> str:
        call("ptrace", PTRACE_TRACEME, 0, 0, 0)
        return "traced"
