# Watches the worker's own code by a trace function that fails at every line.
# expect: OK | RUNTIME_ERROR | PROTOCOL_ERROR
# layers: host
# calls: 2
# unconfined: it harms only itself there

import sys

from attack import Attack, Denied


class Spoiler(Exception):
    pass


def spoil(*_: object) -> None:
    raise Spoiler


class Bot(Attack):
    def attack(self) -> str:
        frame = sys._getframe()
        sys.settrace(spoil)
        while frame := frame.f_back:
            frame.f_trace = spoil
        raise Denied("only itself is disturbed")
