# Sends data with the first packet: no call of `connect` is made.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket() as connection:
            sent = connection.sendto(b"out", socket.MSG_FASTOPEN, ("127.0.0.1", TARGET["port"]))
        return f"sent {sent} bytes"
