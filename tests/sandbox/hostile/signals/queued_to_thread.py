# Sends a signal with a forged sender to a thread.
# expect: BLOCKED
# layers: seccomp uid namespaces

import signal
import struct

from attack import TARGET, Attack, call

SI_QUEUE = -1


class Bot(Attack):
    def attack(self) -> str:
        information = struct.pack("iiiiiii", signal.SIGUSR1, 0, SI_QUEUE, 0, 1, 0, 7) + bytes(100)
        call("rt_tgsigqueueinfo", TARGET["victim"], TARGET["victim"], int(signal.SIGUSR1), information)
        return "sent"
