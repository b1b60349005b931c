# Writes into the middle of a file.
# expect: BLOCKED
# layers: seccomp landlock rlimits

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with open(TARGET["writable"], "r+") as file:
            file.write("X")
        return "overwritten"
