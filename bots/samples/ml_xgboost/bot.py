"""Machine learning: an XGBoost classifier says how likely a rise is, thresholds turn that into a decision.

`train.py` beside this file makes `model.json` (MODEL, XGBOOST) and `scaler.joblib` (SCALER, SKLEARN).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bot_sdk import Action, CustomBot


class XGBoostBot(CustomBot):
    default_config = {"buy_threshold": 0.6, "sell_threshold": 0.4}
    config_schema = {
        "type": "object",
        "properties": {
            "buy_threshold": {
                "type": "number",
                "title": "Buy above this probability of a rise",
                "minimum": 0.5,
                "maximum": 1,
            },
            "sell_threshold": {
                "type": "number",
                "title": "Sell below this probability of a rise",
                "minimum": 0,
                "maximum": 0.5,
            },
        },
        "additionalProperties": False,
    }
    warmup_candles = 60

    def load_models(self, models_dict: dict[str, Any]) -> None:
        self.model = models_dict["MODEL"]
        self.scaler = models_dict["SCALER"]

    def prepare_features(self, market_data: pd.DataFrame) -> np.ndarray:
        """The newest candle's features, shape (1, n_features)."""
        return feature_table(market_data).to_numpy()[-1:]

    def predict_with_model(self, features: np.ndarray) -> float:
        """The probability of a rise, 0 to 1."""
        return float(self.model.predict(self.scaler.transform(features))[0])

    def analyze_market(self, market_data: pd.DataFrame) -> Action:
        price = float(market_data["close"].iloc[-1])
        features = self.prepare_features(market_data)
        if not np.isfinite(features).all():
            return Action(Action.HOLD, price, "waiting for more candles")

        probability = self.predict_with_model(features)
        reason = f"The model gives a rise {probability:.0%}"
        if probability > self.config["buy_threshold"]:
            return Action(Action.BUY, price, reason, confidence=probability)
        if probability < self.config["sell_threshold"]:
            return Action(Action.SELL, price, reason, confidence=1 - probability)
        return Action(Action.HOLD, price, f"{reason}: not clear enough")


def feature_table(market_data: pd.DataFrame) -> pd.DataFrame:
    """One row per candle, from that candle and earlier ones only; the first 20 rows hold NaN."""
    close = market_data["close"]
    change = close.pct_change()
    spread = market_data["high"] - market_data["low"]
    return pd.DataFrame(
        {
            "change_1": change,
            "change_5": close.pct_change(5),
            "change_20": close.pct_change(20),
            "volatility": change.rolling(20).std(),
            "distance_to_mean": close / close.rolling(20).mean() - 1,
            "range": spread / close,
            "volume": market_data["volume"] / market_data["volume"].rolling(20).mean(),
        }
    )
