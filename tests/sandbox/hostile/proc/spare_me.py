# Asks to be the last that is ended when the machine's memory is full.
# expect: BLOCKED
# layers: seccomp landlock

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("0")
        return "written"
