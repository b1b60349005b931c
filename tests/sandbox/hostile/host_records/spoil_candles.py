# Writes into its candles, by every way to their memory, to have another stream see something else.
# expect: OK
# layers: host
# streams: attacker victim
# calls: 2
# unconfined: each has candles of its own there

import ctypes

import numpy as np

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        values = market_data.to_numpy()  # type: ignore[attr-defined]
        if values.min() <= 0 or len(market_data.columns) != 5:  # type: ignore[attr-defined]
            return hold("BREACH: spoilt")
        market_data["mine"] = 1.0  # type: ignore[index]
        market_data.iloc[:, :] = -1.0  # type: ignore[attr-defined]
        base = values
        while isinstance(base.base, np.ndarray):
            base = base.base
        ctypes.memset(base.ctypes.data, 0xBF, base.nbytes)
        return hold("spoilt its own")
