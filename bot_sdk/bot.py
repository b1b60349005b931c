"""`CustomBot`, the class every bot extends."""

from __future__ import annotations

import abc
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot_sdk.action import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


class CustomBot(abc.ABC):
    """A trading bot. One instance serves one stream of candles and never sees a key or an account.

    Class attributes that a bot may set:

    - `default_config`: parameters and their defaults.
    - `config_schema`: a JSON Schema of the parameters; a subscriber's choices are validated against it.
    - `warmup_candles`: how many closed candles `analyze_market` needs (1 to 5000).
    """

    default_config: dict[str, Any] = {}
    config_schema: dict[str, Any] = {}
    warmup_candles: int = 200

    def __init__(self, config: dict[str, Any], api_keys: Mapping[str, str]) -> None:
        """`config`: `default_config` overlaid with the subscription's `strategy_config`, plus `models`.

        `api_keys` is always an empty mapping: the platform places the orders.
        """
        self.config = config
        self.api_keys: Mapping[str, str] = MappingProxyType(dict(api_keys))
        self.models: dict[str, Any] = config.get("models", {})
        # JSON values that the platform keeps between candles and across restarts.
        self.state: dict[str, Any] = {}

    def load_models(self, models_dict: dict[str, Any]) -> None:  # noqa: B027  (an optional hook, empty on purpose)
        """Called once after construction with what the bot's files became, by key (`MODEL`, `SCALER`, ...)."""

    @abc.abstractmethod
    def analyze_market(self, market_data: pd.DataFrame) -> Action:
        """Decide at the close of a candle.

        `market_data` has a UTC DatetimeIndex of candle open times, oldest first, and float columns open,
        high, low, close, volume; closed candles only, at most `warmup_candles` of them.
        """
