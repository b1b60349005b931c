# Has the kernel make all readable memory executable.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

READ_IMPLIES_EXEC = 0x0400000


class Bot(Attack):
    def attack(self) -> str:
        return f"was {call('personality', READ_IMPLIES_EXEC)}"
