# Sends a signal to another process's thread.
# expect: BLOCKED
# layers: seccomp uid namespaces

import signal

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        call("tgkill", TARGET["victim"], TARGET["victim"], int(signal.SIGUSR1))
        return "sent"
