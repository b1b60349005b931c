# Resolves a name.
# expect: BLOCKED
# layers: landlock

import socket

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(socket.getaddrinfo("localhost", TARGET["port"]))
