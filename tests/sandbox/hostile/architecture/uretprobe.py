# Makes the one call that newer kernels ask no filter about.
# expect: RUNTIME_ERROR
# layers: kernel seccomp
# error: crashed (SIGILL)
# unconfined: the kernel ends whoever makes it

import signal

from attack import X86, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        try:
            call(335 if X86 else -1)
        except BaseException:
            signal.raise_signal(signal.SIGILL)  # an older kernel, which knows no such call
        return "called"
