# Installs a filter of its own that hands its system calls to whoever listens.
# expect: BLOCKED
# layers: seccomp

import ctypes
import struct

from attack import Attack, call, prctl

PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER, NEW_LISTENER = 1, 8
ALLOW = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)


class Bot(Attack):
    def attack(self) -> str:
        code = ctypes.create_string_buffer(ALLOW)
        program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(code))
        number = call("seccomp", SECCOMP_SET_MODE_FILTER, NEW_LISTENER, program)
        return f"descriptor {number}, {prctl(PR_SET_NO_NEW_PRIVS, 1)}"
