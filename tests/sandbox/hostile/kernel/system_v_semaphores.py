# Makes System V semaphores.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call, libc

IPC_RMID = 0


class Bot(Attack):
    def attack(self) -> str:
        number = call("semget", 0, 1, 0o600)
        libc.semctl(number, 0, IPC_RMID)
        return f"semaphore {number}"
