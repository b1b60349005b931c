# Connects to a Unix socket that has no file and so no permissions.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(TARGET["abstract"])
        return "connected"
