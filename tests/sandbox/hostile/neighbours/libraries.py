# Changes the libraries that other bots use, in its own process.
# expect: OK
# layers: zygote
# unconfined: there are no others

import numpy as np
import pandas as pd

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        pd.Series.rolling = None
        pd.DataFrame.__getitem__ = lambda *_: None
        np.mean = None
        Action.BUY = "SELL"
        return hold("changed")
