# Calls the kernel by numbers above all tables.
# expect: BLOCKED
# layers: seccomp
# unconfined: no kernel has them

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        for number in (600, 1000, 0x3FFFFFFF):
            try:
                call(number, 0, 0, 0)
            except OSError as error:
                last = error
            else:
                return f"{number} is known"
        raise last
