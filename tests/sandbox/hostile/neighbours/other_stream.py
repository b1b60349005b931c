# Finds the instance of another stream of its own version, and its state. Borne: the code is the same, what is in the
# state the code has put there itself, and a stream knows no subscriber.
# expect: NOT_STOPPED
# streams: attacker victim
# calls: 2

import gc

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        self.state["note"] = "for this stream"
        for other in gc.get_objects():
            if isinstance(other, Bot) and other is not self and other.state.get("note"):
                return f"another stream's note: {other.state['note']}"
        raise Denied("not found")
