# Lets everybody trace it.
# expect: BLOCKED
# layers: seccomp
# unconfined: only kernels with Yama know it

from attack import Attack, prctl

PR_SET_PTRACER, ANY = 0x59616D61, 2**64 - 1


class Bot(Attack):
    def attack(self) -> str:
        prctl(PR_SET_PTRACER, ANY)
        return "anybody may"
