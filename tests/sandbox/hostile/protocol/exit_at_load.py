# Ends its process before it is asked anything.
# expect: RUNTIME_ERROR
# error: ended its own process

import os

from attack import Attack

os._exit(0)


class Bot(Attack):
    pass
