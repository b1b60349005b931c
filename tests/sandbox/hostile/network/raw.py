# Opens a raw socket.
# expect: BLOCKED
# layers: seccomp capabilities

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        return "a raw socket"
