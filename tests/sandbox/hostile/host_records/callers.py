# Looks through the frames of its callers for other streams' parameters than those of its own version.
# expect: BLOCKED
# layers: host zygote
# unconfined: it has no such callers there

import sys

from attack import Attack, Denied

WORDS = ("subscri", "account", "balance", "position", "user", "email", "api_key", "secret")


class Bot(Attack):
    def attack(self) -> str:
        frame = sys._getframe()
        while frame := frame.f_back:
            for name, value in frame.f_locals.items():
                if not isinstance(value, str | bytes | dict | list | tuple):
                    continue
                text = f"{name} {value!r}"[:20_000].lower()
                if found := [word for word in WORDS if word in text and "class 'bot" not in text]:
                    return f"{found} in {name} of {frame.f_code.co_name}"
        raise Denied("nothing about anybody")
