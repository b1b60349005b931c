# Leaves something in the kernel's memory for the next bot.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

PROCESS_KEYRING = -2


class Bot(Attack):
    def attack(self) -> str:
        return f"key {call('add_key', b'user', b'note', b'for the next', 12, PROCESS_KEYRING)}"
