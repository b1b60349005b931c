"""Synthetic candles: a seeded random walk with trends and clusters of volatility.

Used where candles are needed without a venue: the simulator's market, the checks of a submission, an
author's tests.
"""

from __future__ import annotations

import numpy as np

MINUTES_PER_DAY = 1440


def random_walk_day(rng: np.random.Generator, start_price: float, *, daily_volatility: float = 0.03) -> np.ndarray:
    """One day of one-minute candles: float64 of shape (1440, 5).

    Columns: open, high, low, close, volume in base units.

    Volatility moves in regimes of about an hour (clusters), drift in regimes of about half an hour to some
    hours (trends); each candle opens where the last one closed.
    """
    minutes = np.arange(MINUTES_PER_DAY)
    hourly = np.exp(np.cumsum(rng.normal(0, 0.35, 25)) - 0.3)
    hourly = np.clip(hourly / hourly.mean(), 0.35, 3.0)
    sigma = daily_volatility / np.sqrt(MINUTES_PER_DAY) * np.interp(minutes, np.arange(25) * 60, hourly)

    drift = np.zeros(MINUTES_PER_DAY)
    position = 0
    while position < MINUTES_PER_DAY:
        length = int(rng.integers(20, 240))
        drift[position : position + length] = rng.normal(0, 0.12)
        position += length

    steps = sigma * (rng.standard_t(5, MINUTES_PER_DAY) * 0.775 + drift)
    closes = start_price * np.exp(np.cumsum(steps))
    opens = np.concatenate(([start_price], closes[:-1]))
    wick = sigma * np.abs(rng.normal(0, 0.6, (2, MINUTES_PER_DAY)))
    highs = np.maximum(opens, closes) * (1 + wick[0])
    lows = np.minimum(opens, closes) * (1 - wick[1])
    activity = 1 + 4 * np.abs(steps) / sigma.mean()
    turnover = 200_000_000 / MINUTES_PER_DAY  # per minute, in quote units
    volumes = rng.gamma(2.0, 0.5, MINUTES_PER_DAY) * activity * turnover / start_price
    return np.column_stack((opens, highs, lows, closes, volumes))


def random_walk(count: int, *, seed: int = 1, start_price: float = 50_000.0) -> np.ndarray:
    """`count` one-minute candles in a row: float64 of shape (count, 5); same seed, same candles."""
    days = []
    price = start_price
    for day in range(-(-count // MINUTES_PER_DAY)):
        block = random_walk_day(np.random.default_rng((seed, day)), price)
        price = float(block[-1, 3])
        days.append(block)
    return np.concatenate(days)[:count] if days else np.empty((0, 5))
