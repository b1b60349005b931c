# Sends a signal by a descriptor of the process.
# expect: BLOCKED
# layers: seccomp uid namespaces

import os
import signal

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        signal.pidfd_send_signal(os.pidfd_open(TARGET["victim"]), signal.SIGUSR1)
        return "sent"
