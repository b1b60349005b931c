# Has its code changed after it was approved.
# expect: REFUSED
# layers: host

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "ran"
