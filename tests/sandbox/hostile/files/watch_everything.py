# Asks the kernel to tell of every file that anybody opens.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

FAN_REPORT_FID = 0x200


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('fanotify_init', FAN_REPORT_FID, 0)}"
