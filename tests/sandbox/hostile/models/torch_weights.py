# Hides a command among the weights of a PyTorch file.
# expect: RUNTIME_ERROR
# error: torch.save(model.state_dict()
# needs: torch
# unconfined: PyTorch itself refuses it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
