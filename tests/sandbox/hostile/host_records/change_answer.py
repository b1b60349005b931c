# Changes its answer and its state after it has given them.
# expect: OK | BLOCKED
# layers: stopping seccomp host
# calls: 2
# pause: 0.2
# unconfined: nobody keeps records there

import threading
import time

from attack import Attack, Denied, hold
from bot_sdk import Action


def change(action: Action, state: dict[str, str]) -> None:
    time.sleep(0.05)
    object.__setattr__(action, "reason", "BREACH: changed")
    state["told"] = "BREACH"


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        if self.state.get("told") == "BREACH":
            return hold("BREACH: the record was changed")
        action = hold("told")
        self.state["told"] = "this"
        try:
            threading.Thread(target=change, args=(action, self.state), daemon=True).start()
        except RuntimeError:
            return hold(f"denied: {Denied.__name__}")
        return action
