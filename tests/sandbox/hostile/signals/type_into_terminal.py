# Types into the terminal that the platform was started from.
# expect: BLOCKED
# layers: seccomp
# unconfined: needs a terminal

import fcntl
import termios

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        for number in range(3):
            fcntl.ioctl(number, termios.TIOCSTI, b"\n")
        return "typed"
