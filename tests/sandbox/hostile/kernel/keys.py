# Asks for the keys that the kernel keeps for its user.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

GET_KEYRING_ID, SESSION_KEYRING = 0, -3


class Bot(Attack):
    def attack(self) -> str:
        return f"key ring {call('keyctl', GET_KEYRING_ID, SESSION_KEYRING, 1)}"
