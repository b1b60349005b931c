# Installs a hook that cannot be removed and fails at whatever the worker does.
# expect: RUNTIME_ERROR | PROTOCOL_ERROR
# layers: host
# calls: 2
# unconfined: it harms only itself there

import sys

from attack import Attack, Denied


class Spoiler(BaseException):
    pass


def spoil(event: str, _: object) -> None:
    raise Spoiler(event)


class Bot(Attack):
    def attack(self) -> str:
        sys.addaudithook(spoil)
        raise Denied("only itself is disturbed")
