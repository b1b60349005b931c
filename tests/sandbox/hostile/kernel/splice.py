# Moves pages between pipes without copying them.
# expect: BLOCKED
# layers: seccomp
# unconfined: needs the pipes of a worker; a wrong descriptor is answer enough here

import errno

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        for name, arguments in (("splice", (99, None, 98, None, 1, 0)), ("tee", (99, 98, 1, 0))):
            try:
                call(name, *arguments)
            except OSError as error:
                if error.errno == errno.EBADF:
                    return f"{name} was tried"
                raise
        return "spliced"
