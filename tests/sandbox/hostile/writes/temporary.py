# Makes a temporary file.
# expect: BLOCKED
# layers: seccomp landlock

import tempfile

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with tempfile.NamedTemporaryFile() as file:
            return f"made {file.name}"
