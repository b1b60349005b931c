"""Momentum: buy when a fast moving average crosses above a slow one, sell when it crosses back."""

from __future__ import annotations

import pandas as pd

from bot_sdk import Action, CustomBot


class MomentumBot(CustomBot):
    default_config = {"fast_period": 3, "slow_period": 9}
    config_schema = {
        "type": "object",
        "properties": {
            "fast_period": {
                "type": "integer",
                "title": "Fast average (candles)",
                "description": "Smaller reacts sooner and trades more often.",
                "minimum": 2,
                "maximum": 50,
            },
            "slow_period": {
                "type": "integer",
                "title": "Slow average (candles)",
                "description": "The trend that the fast average is measured against.",
                "minimum": 5,
                "maximum": 100,
            },
        },
        "additionalProperties": False,
    }
    warmup_candles = 200

    def analyze_market(self, market_data: pd.DataFrame) -> Action:
        close = market_data["close"]
        price = float(close.iloc[-1])
        fast_period, slow_period = self.config["fast_period"], self.config["slow_period"]
        if len(close) < slow_period + 1:
            return Action(Action.HOLD, price, f"waiting for {slow_period + 1} candles, have {len(close)}")

        fast = close.ewm(span=fast_period, adjust=False).mean()
        slow = close.ewm(span=slow_period, adjust=False).mean()
        gap_now = float(fast.iloc[-1] - slow.iloc[-1])
        gap_before = float(fast.iloc[-2] - slow.iloc[-2])
        averages = f"EMA{fast_period} {fast.iloc[-1]:,.2f}, EMA{slow_period} {slow.iloc[-1]:,.2f}"

        if gap_before <= 0 < gap_now:
            return Action(Action.BUY, price, f"The fast average crossed above the slow one ({averages})")
        if gap_before >= 0 > gap_now:
            return Action(Action.SELL, price, f"The fast average crossed below the slow one ({averages})")
        return Action(Action.HOLD, price, f"No crossing ({averages})")
