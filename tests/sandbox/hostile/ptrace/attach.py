# Takes control of another process.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces

from attack import TARGET, Attack, call

PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17


class Bot(Attack):
    def attack(self) -> str:
        call("ptrace", PTRACE_SEIZE, TARGET["victim"], 0, 0)
        return "in control"
