# Swaps the root of the file system.
# expect: BLOCKED
# layers: seccomp capabilities landlock

import errno

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        folder = TARGET["open_folder"].encode()
        try:
            call("pivot_root", folder, folder)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EBUSY):
                raise
        return "only the folder did not suit"
