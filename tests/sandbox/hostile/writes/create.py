# Creates a file in a folder that everybody may write to.
# expect: BLOCKED
# layers: seccomp landlock rlimits

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with open(TARGET["marker"], "w") as file:
            file.write("here")
        return "created"
