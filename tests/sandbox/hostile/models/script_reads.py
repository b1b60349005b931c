# Reads a secret by TorchScript's own operation for files.
# expect: BLOCKED
# layers: landlock
# needs: torch

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        try:
            return bytes(self.models["MODEL"]().tolist()).decode()
        except RuntimeError as error:
            if "unable to open file" in str(error):
                raise Denied("no such file for us") from None
            raise
