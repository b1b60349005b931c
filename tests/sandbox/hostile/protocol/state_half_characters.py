# Sends a state with half a character, which no database takes.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        os.write(pipe, wire.encode_reply(nonce, number, 0, action=hold("BREACH: state"), state=b'{"x":"\\ud800"}'))
        os._exit(0)
