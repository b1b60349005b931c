# Sends a state nested ten thousand deep, past the worker's own checks.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        state = b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
        os.write(pipe, wire.encode_reply(nonce, number, 0, action=hold("BREACH: state"), state=state))
        os._exit(0)
