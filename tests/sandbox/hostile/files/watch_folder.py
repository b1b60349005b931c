# Watches what others do in a folder.
# expect: BLOCKED
# layers: seccomp landlock

from attack import TARGET, Attack, call

IN_ALL_EVENTS = 0xFFF


class Bot(Attack):
    def attack(self) -> str:
        watcher = call("inotify_init1", 0)
        return f"watch {call('inotify_add_watch', watcher, TARGET['folder'].encode(), IN_ALL_EVENTS)}"
