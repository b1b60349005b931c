# Imports the platform's settings by putting its folder on the path.
# expect: BLOCKED
# layers: landlock

import sys

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        sys.path.insert(0, TARGET["project"])
        try:
            import exchanges.errors
        except ImportError as error:
            raise Denied(str(error)) from error
        return exchanges.errors.__file__
