# Becomes a shell by the program that starts programs.
# expect: BLOCKED
# layers: seccomp

import glob
import os
import platform

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        names = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
        loader = names.get(platform.machine(), "") or next(iter(glob.glob("/lib/ld-*.so.1")), "")
        if not loader:
            raise Denied("no loader")
        os.execve(loader, [loader, "/bin/sh", "-c", f"echo here > {TARGET['marker']}"], {})
        return "not reached"
