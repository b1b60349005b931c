# Learns about the pages of another process.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces
# unconfined: needs a kernel with NUMA

import ctypes

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        pages = (ctypes.c_void_p * 1)(TARGET["victim_address"])
        status = (ctypes.c_int * 1)()
        call("move_pages", TARGET["victim"], 1, pages, None, status, 0)
        return f"status {status[0]}"
