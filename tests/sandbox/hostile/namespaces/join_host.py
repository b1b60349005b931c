# Joins the namespaces of the platform's process.
# expect: BLOCKED
# layers: seccomp

from attack import TARGET, Attack, call

CLONE_NEWUTS = 0x4000000


class Bot(Attack):
    def attack(self) -> str:
        call("setns", call("pidfd_open", TARGET["host"], 0), CLONE_NEWUTS)
        return "joined"
