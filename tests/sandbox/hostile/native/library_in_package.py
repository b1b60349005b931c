# Loads a compiled library that lies in the bot's folder.
# expect: BLOCKED
# layers: landlock

import ctypes

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        library = ctypes.CDLL(f"{TARGET['own_folder']}/native.so")
        return f"loaded {library._name}"
