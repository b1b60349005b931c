# Looks for the subscriber in everything that it is handed.
# expect: BLOCKED
# layers: host
# unconfined: nobody subscribes there

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        known = {"config", "api_keys", "models", "state", "candles"}
        if vars(self).keys() - known or self.config.keys() - {"models"} or self.api_keys or self.state:
            return f"{vars(self).keys()} {self.config.keys()} {self.api_keys} {self.state}"
        raise Denied("the candles and its own parameters")
