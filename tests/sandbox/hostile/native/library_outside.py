# Loads a compiled library from a folder that everybody may write to.
# expect: BLOCKED
# layers: landlock

import ctypes

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        library = ctypes.CDLL(f"{TARGET['own_folder']}/../native.so")
        return f"loaded {library._name}"
