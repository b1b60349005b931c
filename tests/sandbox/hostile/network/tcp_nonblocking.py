# Starts a connection and does not wait for it, so that no error of `connect` counts.
# expect: BLOCKED
# layers: seccomp

import select
import socket

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket() as connection:
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", TARGET["port"]))
            select.select([], [connection], [], 2)
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise Denied("not connected")
            connection.getpeername()
            return "connected"
