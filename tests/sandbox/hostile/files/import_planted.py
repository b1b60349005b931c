# Imports a module from a folder that everybody may write to.
# expect: BLOCKED
# layers: landlock

import sys

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        sys.path.insert(0, TARGET["open_folder"])
        try:
            import planted
        except ImportError as error:
            raise Denied(str(error)) from error
        return planted.SECRET
