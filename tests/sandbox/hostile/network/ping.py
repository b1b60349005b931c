# Opens the socket of an unprivileged ping.
# expect: BLOCKED
# layers: seccomp
# unconfined: the kernel's ping_group_range decides, and is empty on most machines

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
        return "a ping socket"
