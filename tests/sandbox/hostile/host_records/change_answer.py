# Changes its answer and its state after it has given them.
# expect: OK | BLOCKED
# layers: stopping seccomp host
# calls: 2
# pause: 0.2
# unconfined: nobody keeps records there

import sys
import threading
import time
from types import CodeType

from attack import Attack, Denied, hold
from bot_sdk import Action


def change(action: Action, state: dict[str, str], waits: CodeType) -> None:
    while sys._current_frames()[threading.main_thread().ident].f_code is not waits:
        time.sleep(0.01)
    object.__setattr__(action, "reason", "BREACH: changed")
    state["told"] = "BREACH"


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        if self.state.get("told") == "BREACH":
            return hold("BREACH: the record was changed")
        action = hold("told")
        self.state["told"] = "this"
        # What is changed before it has been sent is simply the answer; who waits for the next question has sent it.
        waits = sys.modules["bots.sandbox.serve"].Server._read_until.__code__
        try:
            threading.Thread(target=change, args=(action, self.state, waits), daemon=True).start()
        except RuntimeError:
            return hold(f"denied: {Denied.__name__}")
        return action
