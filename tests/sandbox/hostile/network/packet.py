# Listens to every packet of the machine.
# expect: BLOCKED
# layers: seccomp capabilities

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
        return "a packet socket"
