# Imports a compiled extension that lies in the bot's folder.
# expect: BLOCKED
# layers: landlock

import sys

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        sys.path.insert(0, TARGET["own_folder"])
        try:
            import byteswap
        except ImportError as error:
            raise Denied(str(error)) from error
        return f"imported {byteswap.__file__}"
