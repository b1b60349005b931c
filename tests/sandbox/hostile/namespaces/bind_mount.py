# Makes a folder appear in its own folder, which it may read.
# expect: BLOCKED
# layers: seccomp capabilities landlock

from attack import TARGET, Attack, call

MS_BIND = 4096


class Bot(Attack):
    def attack(self) -> str:
        call("mount", TARGET["readable"].encode(), f"{TARGET['own_folder']}/bot.py".encode(), None, MS_BIND, None)
        with open(f"{TARGET['own_folder']}/bot.py") as file:
            return file.read(60)
