# Runs a shell command by the C library.
# expect: BLOCKED
# layers: seccomp

from attack import TARGET, Attack, Denied, libc


class Bot(Attack):
    def attack(self) -> str:
        code = libc.system(f"echo here > {TARGET['marker']}".encode())
        if code:
            raise Denied(f"exit code {code}")
        return "ran a command"
