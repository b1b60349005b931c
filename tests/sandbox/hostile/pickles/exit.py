# Ends the process when it is unpickled.
# expect: RUNTIME_ERROR
# error: ended its own process
# unconfined: it ends there as well

from attack import Attack


class Bot(Attack):
    pass
