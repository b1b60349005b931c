# Undoes that it can gain no privileges, which no kernel grants.
# expect: BLOCKED
# layers: seccomp kernel
# unconfined: no kernel grants it

from attack import Attack, prctl

PR_SET_NO_NEW_PRIVS = 38


class Bot(Attack):
    def attack(self) -> str:
        prctl(PR_SET_NO_NEW_PRIVS, 0)
        return "undone"
