# Answers once more from a thread, after its decision.
# expect: BLOCKED | PROTOCOL_ERROR | NOT_STOPPED
# layers: host seccomp
# calls: 3
# pause: 0.2
# unconfined: needs a host to deceive

import os
import threading
import time

from attack import Attack, Denied, conversation


def answer(pipe: int) -> None:
    time.sleep(0.1)
    os.write(pipe, bytes(100))


class Bot(Attack):
    def attack(self) -> str:
        pipe, *_ = conversation()
        try:
            threading.Thread(target=answer, args=(pipe,), daemon=True).start()
        except RuntimeError as error:
            raise Denied(str(error)) from error
        raise Denied("not yet")
