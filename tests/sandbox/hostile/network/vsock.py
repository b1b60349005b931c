# Talks past all networks to the machine's hypervisor.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
        return "a vsock socket"
