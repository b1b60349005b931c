# Makes a pair of connected sockets, over which descriptors could be sent.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        left, right = socket.socketpair()
        with left, right:
            left.sendall(b"x")
            return f"a pair: {right.recv(1)!r}"
