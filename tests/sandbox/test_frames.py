"""The frame that a bot sees in the sandbox is the one it sees at its author's."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bot_sdk.runtime import candles_frame as from_constructors
from bots.sandbox.frames import candles_frame
from tests.sandbox.helpers import OPEN_TIMES, VALUES

BLOCK = np.vstack([OPEN_TIMES, np.ascontiguousarray(VALUES.T).view(np.int64)])  # as it travels


def test_it_is_the_frame_that_the_constructors_make() -> None:
    fast, usual = candles_frame(BLOCK), from_constructors(OPEN_TIMES, VALUES)
    pd.testing.assert_frame_equal(fast, usual, check_freq=True, check_flags=True)
    assert repr(fast) == repr(usual)
    assert fast.index.dtype == usual.index.dtype
    assert fast.index.name == "open_time"
    assert fast.columns is not usual.columns
    assert fast.attrs == {}


def test_it_behaves_like_it() -> None:
    answers = []
    for frame in (candles_frame(BLOCK), from_constructors(OPEN_TIMES, VALUES.copy())):
        before = frame["close"]
        frame["mean"] = frame["close"].rolling(5).mean()
        frame.loc[frame.index[3], "close"] = 1.0
        frame.iloc[0] = 2.0
        hourly = frame.resample("1h").agg({"open": "first", "high": "max", "close": "last"}).dropna()
        window = frame.loc["2023-11-14 22:20":"2023-11-14 22:30"].tz_convert("Europe/Berlin")
        answers.append((frame, before, hourly, window, frame.describe(), frame.pct_change()))
    for fast, usual in zip(*answers, strict=True):
        assert type(fast) is type(usual)
        assert fast.equals(usual)


def test_what_is_written_into_it_stays_there() -> None:
    block = BLOCK.copy()
    frame = candles_frame(block)
    frame.iloc[:, :] = 0.0
    frame["mine"] = 1
    assert (block == BLOCK).all()
    assert list(candles_frame(block).columns) == ["open", "high", "low", "close", "volume"]
