# Sends something out by TCP over IPv6.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.create_connection(("::1", TARGET["port6"]), 3) as connection:
            connection.sendall(b"out")
        return "connected"
