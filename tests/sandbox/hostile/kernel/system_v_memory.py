# Makes System V shared memory, which outlives the process.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call, libc

IPC_RMID = 0


class Bot(Attack):
    def attack(self) -> str:
        number = call("shmget", 0, 4096, 0o600)
        libc.shmctl(number, IPC_RMID, None)
        return f"memory {number}"
