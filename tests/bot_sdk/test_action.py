"""Wrong values raise at once, with a sentence that says what was wrong."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from bot_sdk import Action

NAN, INFINITY = float("nan"), float("inf")

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"action": "LONG"}, ValueError, "action must be BUY, SELL or HOLD, not 'LONG'"),
    ({"action": ""}, ValueError, "action must be BUY, SELL or HOLD, not ''"),
    ({"action": 1}, TypeError, "action must be the text BUY, SELL or HOLD, not int"),
    ({"action": None}, TypeError, "action must be the text BUY, SELL or HOLD, not NoneType"),
    ({"price": "100"}, TypeError, "price must be a number, not str"),
    ({"price": None}, TypeError, "price must be a number, not NoneType"),
    ({"price": True}, TypeError, "price must be a number, not bool"),
    ({"price": Decimal(1)}, TypeError, "price must be a number, not Decimal"),
    ({"price": np.array([1.0, 2.0])}, TypeError, "price must be a number, not ndarray"),
    ({"price": NAN}, ValueError, "price must be a finite number, not nan"),
    ({"price": INFINITY}, ValueError, "price must be a finite number, not inf"),
    ({"price": 0}, ValueError, "price must be above zero, not 0.0"),
    ({"price": -5}, ValueError, "price must be above zero, not -5.0"),
    ({"reason": None}, TypeError, "reason must be text, not NoneType"),
    ({"reason": "x" * 501}, ValueError, "reason has 501 characters, at most 500 are allowed"),
    ({"confidence": 1.01}, ValueError, "confidence must be from 0 to 1, not 1.01"),
    ({"confidence": -0.1}, ValueError, "confidence must be from 0 to 1, not -0.1"),
    ({"confidence": NAN}, ValueError, "confidence must be a finite number, not nan"),
    ({"confidence": "high"}, TypeError, "confidence must be a number, not str"),
    ({"order_type": "STOP"}, ValueError, "order_type must be one of MARKET, LIMIT, not 'STOP'"),
    ({"order_type": "LIMIT"}, ValueError, "order_type is LIMIT, so limit_price must be given"),
    (
        {"order_type": "MARKET", "limit_price": 99},
        ValueError,
        "order_type is MARKET, so limit_price must not be given",
    ),
    ({"limit_price": 99}, ValueError, "limit_price is given but order_type is not LIMIT"),
    ({"order_type": "LIMIT", "limit_price": 0}, ValueError, "limit_price must be above zero, not 0.0"),
    ({"stop_loss": 100}, ValueError, "stop_loss 100.0 must lie below the entry price 100.0 of a BUY"),
    ({"take_profit": 99}, ValueError, "take_profit 99.0 must lie above the entry price 100.0 of a BUY"),
    ({"stop_loss": NAN}, ValueError, "stop_loss must be a finite number, not nan"),
    (
        {"order_type": "LIMIT", "limit_price": 90, "stop_loss": 95},
        ValueError,
        "stop_loss 95.0 must lie below the entry price 90.0 of a BUY",
    ),
]


@pytest.mark.parametrize(("values", "kind", "sentence"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_values(values: dict[str, Any], kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind) as caught:
        Action(**{"action": "BUY", "price": 100.0, "reason": "", **values})
    assert str(caught.value) == sentence


def test_what_is_given_is_kept_as_plain_numbers() -> None:
    action = Action(
        Action.BUY,
        np.float64(100),
        "why",
        confidence=np.float32(0.5),
        order_type="LIMIT",
        limit_price=99,
        stop_loss=90,
        take_profit=np.int64(110),
    )
    assert dataclasses.asdict(action) == {
        "action": "BUY",
        "price": 100.0,
        "reason": "why",
        "confidence": 0.5,
        "order_type": "LIMIT",
        "limit_price": 99.0,
        "stop_loss": 90.0,
        "take_profit": 110.0,
    }
    assert {type(value) for value in dataclasses.asdict(action).values()} == {str, float}


@pytest.mark.parametrize("name", ["buy", "Sell", "HOLD"])
def test_the_side_in_any_spelling(name: str) -> None:
    assert Action(name, 1).action == name.upper()


def test_exits_of_a_sell_are_not_judged_by_those_of_a_buy() -> None:
    assert Action("SELL", 100, stop_loss=110, take_profit=90).stop_loss == 110


def test_an_action_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Action("BUY", 1).price = 2.0  # type: ignore[misc]
