# Never comes back from a TorchScript model, where no Python is to be interrupted.
# expect: TIME_LIMIT
# needs: torch
# unconfined: it hangs there as well

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{self.models['MODEL'].predict([0.5])}"
