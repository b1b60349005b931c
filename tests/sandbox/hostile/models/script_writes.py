# Writes a file by TorchScript's own operation for saving, which says nothing when it fails.
# expect: BLOCKED
# layers: seccomp landlock
# needs: torch

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        self.models["MODEL"].predict([1.0])
        return f"wrote {os.stat(TARGET['marker']).st_size} bytes"
