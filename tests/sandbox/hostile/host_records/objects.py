# Looks through all of Python's objects for anything of the platform.
# expect: BLOCKED
# layers: zygote
# unconfined: there is nothing of the platform either

import gc
import sys

from attack import Attack, Denied

PLATFORM = ("django", "marketplace", "subscriptions", "exchanges", "celery", "bots.models", "bots.sandbox.host")


class Bot(Attack):
    def attack(self) -> str:
        found = [name for name in sys.modules if name.startswith(PLATFORM)]
        found += [
            str(type(each))
            for each in gc.get_objects()
            if (getattr(type(each), "__module__", None) or "").__str__().startswith(PLATFORM)
        ]
        if found:
            return str(found[:5])
        raise Denied("nothing of the platform")
