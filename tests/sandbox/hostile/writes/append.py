# Appends to a file that everybody may write to.
# expect: BLOCKED
# layers: seccomp landlock

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with open(TARGET["writable"], "a") as file:
            file.write("more")
        return "appended"
