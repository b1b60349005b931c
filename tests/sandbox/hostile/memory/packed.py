# Unpacks a small text that is 400 MB.
# expect: MEMORY_LIMIT
# layers: rlimits

import zlib

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        packer = zlib.compressobj(1)
        packed = b"".join(packer.compress(bytes(10_000_000)) for _ in range(40)) + packer.flush()
        return f"{len(zlib.decompress(packed))} bytes"
