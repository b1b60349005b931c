# Loads code into the kernel (an empty piece, which no kernel takes).
# expect: BLOCKED
# layers: seccomp capabilities
# unconfined: some kernels take no modules at all

import errno

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        try:
            call("init_module", b"", 0, b"")
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
        return "the kernel looked at it"
