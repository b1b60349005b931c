# Crashes when it is unpickled.
# expect: RUNTIME_ERROR
# error: crashed (SIGSEGV)
# unconfined: it crashes there as well

from attack import Attack


class Bot(Attack):
    pass
