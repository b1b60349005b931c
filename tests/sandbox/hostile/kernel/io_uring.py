# Has the kernel do its system calls where no filter sees them.
# expect: BLOCKED
# layers: seccomp
# unconfined: some kernels have it switched off

import ctypes

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('io_uring_setup', 4, ctypes.create_string_buffer(120))}"
