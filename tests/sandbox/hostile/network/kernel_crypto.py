# Reaches the kernel's crypto code by a socket.
# expect: BLOCKED
# layers: seccomp
# unconfined: many kernels are built without AF_ALG

import socket

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as crypto:
            crypto.bind(("hash", "sha256"))
        return "a crypto socket"
