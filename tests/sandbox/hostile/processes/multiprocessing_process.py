# Works in a second process.
# expect: BLOCKED
# layers: seccomp

import multiprocessing

from attack import TARGET, Attack


def leave_marker() -> None:
    with open(TARGET["marker"], "w"):
        pass


class Bot(Attack):
    def attack(self) -> str:
        process = multiprocessing.get_context("fork").Process(target=leave_marker)
        process.start()
        process.join()
        return f"exit code {process.exitcode}"
