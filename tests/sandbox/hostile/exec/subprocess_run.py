# Runs a program.
# expect: BLOCKED
# layers: seccomp

import subprocess

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        subprocess.run(["/usr/bin/touch", TARGET["marker"]], check=True)
        return "ran a program"
