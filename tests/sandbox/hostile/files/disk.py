# Reads a disk past its file system.
# expect: BLOCKED
# layers: landlock uid
# unconfined: a container has no disk to be seen

import os
import stat

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        for name in os.listdir("/dev"):
            if stat.S_ISBLK(os.stat(f"/dev/{name}").st_mode):
                with open(f"/dev/{name}", "rb") as disk:
                    return f"{name}: {len(disk.read(512))} bytes"
        raise Denied("no disk is to be seen")
