# Sends a state with the same key many times.
# expect: OK

import os

from attack import Attack, conversation, hold


class Bot(Attack):
    def attack(self) -> str:
        pipe, nonce, number, wire = conversation()
        state = b"{" + b",".join(b'"x":%d' % value for value in range(2000)) + b"}"
        os.write(pipe, wire.encode_reply(nonce, number, 0, action=hold("doubled"), state=state))
        while True:
            os.read(3, 1 << 20)
