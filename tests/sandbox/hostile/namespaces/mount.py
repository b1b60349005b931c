# Mounts a file system.
# expect: BLOCKED
# layers: seccomp capabilities landlock

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        call("mount", b"none", TARGET["open_folder"].encode(), b"tmpfs", 0, None)
        call("umount2", TARGET["open_folder"].encode(), 0)
        return "mounted"
