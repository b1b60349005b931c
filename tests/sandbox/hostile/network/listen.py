# Waits for somebody to connect.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return f"listening on {server.getsockname()}"
