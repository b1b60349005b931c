# Has its code be a pipe that nobody writes to, so that whoever reads it waits for ever.
# expect: REFUSED
# layers: host

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "ran"
