# Sends something out by TCP.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.create_connection(("127.0.0.1", TARGET["port"]), 3) as connection:
            connection.sendall(b"out")
        return "connected"
