"""Find, build and ask a bot. The sandbox's worker and the author's own command line share this."""

from __future__ import annotations

import copy
import json
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from bot_sdk.action import Action
from bot_sdk.bot import CustomBot

COLUMNS = ("open", "high", "low", "close", "volume")
# Made once: building this Index for every frame would cost more than the frame.
_COLUMN_INDEX = pd.Index(COLUMNS)


class BotDefinitionError(Exception):
    """The code is not a bot: a sentence for its author."""


class WrongReturnType(TypeError):
    """`analyze_market` returned something else than an Action."""


def find_bot_class(module: ModuleType) -> type[CustomBot]:
    """The one class in the module that extends CustomBot and can be made."""
    bots = {
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, CustomBot) and value.__module__ == module.__name__
    }
    found = [value for value in bots if not value.__abstractmethods__]
    if not found and bots:
        names = ", ".join(sorted(value.__name__ for value in bots))
        raise BotDefinitionError(f"{names} extends CustomBot but does not define analyze_market")
    if not found:
        raise BotDefinitionError("no class extends CustomBot and defines analyze_market")
    if len(found) > 1:
        names = ", ".join(sorted(value.__name__ for value in found))
        raise BotDefinitionError(f"one class must extend CustomBot, found {len(found)}: {names}")
    return found[0]


def describe(bot_class: type[CustomBot]) -> dict[str, Any]:
    """The bot's parameters as plain JSON values. Raises BotDefinitionError naming what does not fit."""
    description: dict[str, Any] = {"class_name": bot_class.__name__}
    for name in ("default_config", "config_schema"):
        value = getattr(bot_class, name)
        if not isinstance(value, dict):
            raise BotDefinitionError(f"{name} must be a dict, not {type(value).__name__}")
        try:
            description[name] = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise BotDefinitionError(f"{name} must hold JSON values only: {error}") from error
    warmup = bot_class.warmup_candles
    if isinstance(warmup, bool) or not isinstance(warmup, int) or not 1 <= warmup <= 5000:
        raise BotDefinitionError(f"warmup_candles must be a whole number from 1 to 5000, not {warmup!r}")
    description["warmup_candles"] = warmup
    return description


def create_bot(bot_class: type[CustomBot], *, strategy_config: dict[str, Any], models: dict[str, Any]) -> CustomBot:
    """An instance as the platform makes it: defaults overlaid with `strategy_config`, models loaded."""
    config = {**copy.deepcopy(bot_class.default_config), **strategy_config, "models": dict(models)}
    bot = bot_class(config, {})
    bot.load_models(config["models"])
    return bot


def candles_frame(open_times: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    """`open_times`: int64 nanoseconds since the epoch, (n,); `values`: float64, (n, 5), see COLUMNS.

    Neither is copied: give arrays that nobody else writes to. A bot may write to the frame.
    """
    index = pd.DatetimeIndex(open_times.view("M8[ns]"), tz="UTC", name="open_time", copy=False)
    return pd.DataFrame(values, index=index, columns=_COLUMN_INDEX, copy=False)


def ask_bot(bot: CustomBot, market_data: pd.DataFrame) -> Action:
    """One decision. Raises WrongReturnType when the bot returns anything but an Action."""
    action = bot.analyze_market(market_data)
    if not isinstance(action, Action):
        raise WrongReturnType(f"analyze_market must return an Action, not {type(action).__name__}")
    return action
