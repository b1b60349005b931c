# Calls the kernel by the numbers of the x32 architecture, which a filter may have forgotten.
# expect: RUNTIME_ERROR
# layers: seccomp
# error: SIGSYS
# unconfined: most kernels do not have it

from attack import X86, Attack, call

X32 = 0x40000000


class Bot(Attack):
    def attack(self) -> str:
        if not X86:
            import signal

            signal.raise_signal(signal.SIGSYS)  # there is nothing to try
        return f"process {call(X32 | 39)}"
