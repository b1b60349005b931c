"""Finding, describing, building and asking a bot."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bot_sdk import Action, CustomBot
from bot_sdk.candles import random_walk
from bot_sdk.runtime import (
    BotDefinitionError,
    WrongReturnType,
    ask_bot,
    candles_frame,
    create_bot,
    describe,
    find_bot_class,
)


class Sample(CustomBot):
    default_config = {"period": 3, "nested": {"a": [1]}}
    config_schema = {"type": "object"}
    answer: Any = None

    def load_models(self, models_dict: dict[str, Any]) -> None:
        self.seen = models_dict

    def analyze_market(self, market_data: pd.DataFrame) -> Action:
        return self.answer or Action("HOLD", float(market_data["close"].iloc[-1]))


def frame(count: int = 5) -> pd.DataFrame:
    return candles_frame(np.arange(count, dtype=np.int64) * 60_000_000_000, random_walk(count))


def module(**members: Any) -> ModuleType:
    made = ModuleType(Sample.__module__)
    vars(made).update(members)
    return made


def test_the_bot_class_is_found_among_other_things() -> None:
    assert find_bot_class(module(Sample=Sample, Alias=Sample, CustomBot=CustomBot, x=1, Action=Action)) is Sample


def test_a_class_that_was_only_imported_does_not_count() -> None:
    elsewhere = type("Elsewhere", (Sample,), {"__module__": "elsewhere"})
    with pytest.raises(BotDefinitionError, match="no class extends CustomBot"):
        find_bot_class(module(Elsewhere=elsewhere))


def test_describe() -> None:
    assert describe(Sample) == {
        "class_name": "Sample",
        "default_config": {"period": 3, "nested": {"a": [1]}},
        "config_schema": {"type": "object"},
        "warmup_candles": 200,
    }


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"default_config": []}, "default_config must be a dict, not list"),
        ({"config_schema": None}, "config_schema must be a dict, not NoneType"),
        ({"default_config": {"a": {1}}}, "default_config must hold JSON values only: Object of type set is not"),
        ({"default_config": {"a": float("nan")}}, "default_config must hold JSON values only: Out of range"),
        ({"warmup_candles": 0}, "warmup_candles must be a whole number from 1 to 5000, not 0"),
        ({"warmup_candles": True}, "warmup_candles must be a whole number from 1 to 5000, not True"),
        ({"warmup_candles": 2.5}, "warmup_candles must be a whole number from 1 to 5000, not 2.5"),
    ],
)
def test_describe_names_what_does_not_fit(members: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BotDefinitionError) as caught:
        describe(type("Odd", (Sample,), members))
    assert str(caught.value).startswith(sentence)


def test_a_bot_is_built_as_the_platform_does() -> None:
    bot = create_bot(Sample, strategy_config={"period": 9}, models={"MODEL": "m"})
    assert isinstance(bot, Sample)
    assert bot.config == {"period": 9, "nested": {"a": [1]}, "models": {"MODEL": "m"}}
    assert bot.models == bot.seen == {"MODEL": "m"}
    assert dict(bot.api_keys) == {}
    assert bot.state == {}


def test_instances_do_not_share_their_defaults() -> None:
    first = create_bot(Sample, strategy_config={}, models={})
    first.config["nested"]["a"].append(2)
    assert create_bot(Sample, strategy_config={}, models={}).config["nested"] == {"a": [1]}


def test_the_frame_of_candles() -> None:
    data = frame(3)
    assert list(data.columns) == ["open", "high", "low", "close", "volume"]
    assert set(data.dtypes) == {np.dtype("float64")}
    assert str(data.index.dtype) == "datetime64[ns, UTC]"
    assert data.index[1] == pd.Timestamp("1970-01-01T00:01:00Z")
    assert data["close"].tolist() == random_walk(3)[:, 3].tolist()
    data["mine"] = 1.0
    assert list(frame(3).columns) == ["open", "high", "low", "close", "volume"]


def test_only_an_action_is_an_answer() -> None:
    bot = create_bot(Sample, strategy_config={}, models={})
    assert ask_bot(bot, frame()).action == "HOLD"
    bot.answer = "BUY"  # type: ignore[attr-defined]
    with pytest.raises(WrongReturnType, match="analyze_market must return an Action, not str"):
        ask_bot(bot, frame())


def test_the_random_walk_is_the_same_for_the_same_seed() -> None:
    first, again, other = random_walk(2000, seed=3), random_walk(2000, seed=3), random_walk(2000, seed=4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    opens, highs, lows, closes, volumes = first.T
    assert (lows <= np.minimum(opens, closes)).all()
    assert (highs >= np.maximum(opens, closes)).all()
    assert (volumes > 0).all()
    assert (opens[1:] == closes[:-1]).all()
