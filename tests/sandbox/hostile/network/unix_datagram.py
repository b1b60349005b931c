# Sends a datagram to a Unix socket, as the system's log has it.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"out", TARGET["datagram_path"])
        return "sent"
