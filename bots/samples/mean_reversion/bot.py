"""Mean reversion: buy a dip below the lower Bollinger band while RSI is low, sell at the middle band."""

from __future__ import annotations

import pandas as pd

from bot_sdk import Action, CustomBot


class MeanReversionBot(CustomBot):
    default_config = {
        "period": 14,
        "band_width": 1.0,
        "rsi_period": 9,
        "rsi_buy_below": 45,
        "give_up_after": 30,
    }
    config_schema = {
        "type": "object",
        "properties": {
            "period": {
                "type": "integer",
                "title": "Bollinger period (candles)",
                "minimum": 5,
                "maximum": 100,
            },
            "band_width": {
                "type": "number",
                "title": "Band width (standard deviations)",
                "description": "Wider means rarer and deeper dips.",
                "minimum": 0.5,
                "maximum": 4,
            },
            "rsi_period": {"type": "integer", "title": "RSI period (candles)", "minimum": 2, "maximum": 50},
            "rsi_buy_below": {
                "type": "number",
                "title": "Buy only while RSI is below",
                "minimum": 5,
                "maximum": 70,
            },
            "give_up_after": {
                "type": "integer",
                "title": "Sell anyway after (candles)",
                "description": "A dip that does not come back is a trend.",
                "minimum": 1,
                "maximum": 500,
            },
        },
        "additionalProperties": False,
    }
    warmup_candles = 120

    def analyze_market(self, market_data: pd.DataFrame) -> Action:
        close = market_data["close"]
        price = float(close.iloc[-1])
        needed = max(self.config["period"], self.config["rsi_period"] + 1)
        if len(close) < needed:
            return Action(Action.HOLD, price, f"waiting for {needed} candles, have {len(close)}")

        window = close.iloc[-self.config["period"] :]
        middle = float(window.mean())
        lower = middle - self.config["band_width"] * float(window.std())
        rsi = relative_strength(close, self.config["rsi_period"])

        # What this bot said last is all it knows; the platform tracks each subscriber's position.
        if "candles_held" not in self.state:
            if price < lower and rsi < self.config["rsi_buy_below"]:
                self.state["candles_held"] = 0
                reason = f"Close below the lower band {lower:,.2f} with RSI {rsi:.0f}"
                return Action(Action.BUY, price, reason)
            return Action(Action.HOLD, price, f"No dip: lower band {lower:,.2f}, RSI {rsi:.0f}")
        self.state["candles_held"] += 1
        if price >= middle:
            del self.state["candles_held"]
            return Action(Action.SELL, price, f"Back at the middle band {middle:,.2f}, RSI {rsi:.0f}")
        if self.state["candles_held"] >= self.config["give_up_after"]:
            held = self.state.pop("candles_held")
            return Action(Action.SELL, price, f"Not back at the middle band after {held} candles")
        return Action(Action.HOLD, price, f"Waiting for the middle band {middle:,.2f}")


def relative_strength(close: pd.Series, period: int) -> float:
    """RSI of the last `period` changes, 0 to 100."""
    changes = close.diff().iloc[-period:]
    gains = float(changes.clip(lower=0).sum())
    losses = float(-changes.clip(upper=0).sum())
    if gains + losses == 0:
        return 50.0
    return 100.0 * gains / (gains + losses)
