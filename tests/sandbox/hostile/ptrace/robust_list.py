# Learns an address in another process's memory.
# expect: BLOCKED
# layers: seccomp landlock uid namespaces

import ctypes

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        head, size = ctypes.c_void_p(), ctypes.c_size_t()
        call("get_robust_list", TARGET["victim"], ctypes.byref(head), ctypes.byref(size))
        return f"address {head.value}"
