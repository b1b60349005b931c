# Asks for access to the machine's input and output ports.
# expect: BLOCKED
# layers: seccomp capabilities
# unconfined: x86 only

from attack import Attack, Denied, call, libc


class Bot(Attack):
    def attack(self) -> str:
        if not hasattr(libc, "iopl"):
            raise Denied("this machine has no ports")
        call(172, 3)
        return "all ports"
