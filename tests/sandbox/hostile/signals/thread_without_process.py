# Sends a signal to a thread by the older call.
# expect: BLOCKED
# layers: seccomp uid namespaces

import signal

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        call("tkill", TARGET["victim"], int(signal.SIGUSR1))
        return "sent"
