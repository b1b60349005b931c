# Has a regular expression try everything, in C code that listens to nobody.
# expect: TIME_LIMIT
# layers: host

import re

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"matched: {re.match(r'(a+)+$', 'a' * 27 + 'b')}"
