# Takes control of another bot's process.
# expect: BLOCKED
# layers: seccomp landlock namespaces

from attack import TARGET, Attack, call

PTRACE_SEIZE = 0x4206


class Bot(Attack):
    def attack(self) -> str:
        call("ptrace", PTRACE_SEIZE, TARGET["neighbour"], 0, 0)
        return "in control"
