# Sends a state that is not JSON.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        os.write(pipe, wire.encode_reply(nonce, number, 0, action=hold("BREACH: state"), state=b'{"x": NaN}'))
        os._exit(0)
