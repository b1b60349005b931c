# Makes a System V message queue.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call, libc

IPC_RMID = 0


class Bot(Attack):
    def attack(self) -> str:
        number = call("msgget", 0, 0o600)
        libc.msgctl(number, IPC_RMID, None)
        return f"queue {number}"
