# Changes its own code on the disk.
# expect: BLOCKED
# layers: seccomp landlock uid

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        with (Path(TARGET["own_folder"]) / "bot.py").open("a") as file:
            file.write("")
        return "its own code can be written"
