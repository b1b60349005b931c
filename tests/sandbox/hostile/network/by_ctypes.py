# Connects by the C library, past anything that was changed in Python.
# expect: BLOCKED
# layers: seccomp

import ctypes
import socket
import struct

from attack import TARGET, Attack, libc


class Bot(Attack):
    def attack(self) -> str:
        number = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        address = struct.pack("=HHI8x", socket.AF_INET, socket.htons(TARGET["port"]), socket.htonl(0x7F000001))
        if number < 0 or libc.connect(number, address, len(address)) < 0:
            raise OSError(ctypes.get_errno(), "connect")
        return "connected"
