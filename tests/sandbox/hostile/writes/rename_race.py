# Swaps a link for another while a second thread opens it, to be checked with one and served with the other.
# expect: BLOCKED
# layers: seccomp landlock

import os
import threading
import time

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        folder = TARGET["open_folder"]
        inside, outside, door = f"{folder}/inside", f"{folder}/outside", f"{folder}/door"
        os.symlink(f"{TARGET['own_folder']}/bot.py", inside)
        os.symlink(TARGET["private"], outside)
        stop = time.monotonic() + 0.3

        def swap() -> None:
            while time.monotonic() < stop:
                for link in (inside, outside):
                    os.symlink(os.readlink(link), f"{door}-new")
                    os.rename(f"{door}-new", door)

        threading.Thread(target=swap).start()
        while time.monotonic() < stop:
            try:
                with open(door) as file:
                    text = file.read()
            except OSError:
                continue
            if text.startswith("secret-"):
                return "read the other file"
        return "could swap links"
