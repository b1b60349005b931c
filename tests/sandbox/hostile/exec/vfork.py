# Runs a program by the way that shares memory with the new process until it has started.
# expect: BLOCKED
# layers: seccomp

import subprocess

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        # Python takes vfork when no descriptor has to be closed.
        subprocess.run(["/usr/bin/touch", TARGET["marker"]], check=True, close_fds=False)
        return "ran a program"
