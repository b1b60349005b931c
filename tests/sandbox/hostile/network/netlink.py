# Asks the kernel about the machine's interfaces.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
            link.bind((0, 0))
        return str(socket.if_nameindex())
