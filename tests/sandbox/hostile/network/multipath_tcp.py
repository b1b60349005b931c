# Connects by MPTCP, which rules for TCP do not see.
# expect: BLOCKED
# layers: seccomp

import socket

from attack import TARGET, Attack

IPPROTO_MPTCP = 262


class Bot(Attack):
    def attack(self) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) as connection:
            connection.settimeout(3)
            connection.connect(("127.0.0.1", TARGET["port"]))
        return "connected"
