# Has a data file be a link to the platform's secrets.
# expect: REFUSED
# layers: host

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(self.models["DATA"])
