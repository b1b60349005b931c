# Runs a command from a PyTorch file of the old kind.
# expect: RUNTIME_ERROR
# error: torch.save(model.state_dict()
# needs: torch
# unconfined: PyTorch itself refuses it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
