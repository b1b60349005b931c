# Has its code be a link to a file elsewhere, of the approved content at first.
# expect: REFUSED
# layers: host

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "ran"
