# Waits for something that never comes.
# expect: TIME_LIMIT
# layers: host

import select

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        select.poll().poll(10_000)
        return "waited"
