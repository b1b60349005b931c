# Connects to a Unix socket in the file system, as a database or a broker has it.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(TARGET["unix_path"])
        return "connected"
