"""Simulated time."""

import pytest

from exchanges.simulator.binance.params import ApiError, Params
from exchanges.simulator.binance.security import check_time
from exchanges.simulator.clock import SimulatedClock

START = 1_700_000_000_000


class RealTime:
    """Seconds that pass when a test says so."""

    def __init__(self, wall: float) -> None:
        self.passed = 0.0
        self._wall = wall

    def monotonic(self) -> float:
        return self.passed

    def wall(self) -> float:
        return self._wall + self.passed


def clock(speed: float, *, behind_seconds: float = 1_000_000) -> tuple[SimulatedClock, RealTime]:
    real = RealTime(START / 1000 + behind_seconds)
    return SimulatedClock(START, speed, monotonic=real.monotonic, wall=real.wall), real


@pytest.mark.parametrize("speed", [0, 0.5, 1, 60])
def test_it_runs_at_its_speed(speed):
    simulated, real = clock(speed)
    real.passed += 10
    assert simulated.now_ms() == START + 10_000 * speed


def test_a_change_of_speed_does_not_move_it():
    simulated, real = clock(60)
    real.passed += 10
    simulated.set_speed(0)
    real.passed += 1000
    assert simulated.now_ms() == START + 600_000
    simulated.set_speed(1)
    real.passed += 1
    assert simulated.now_ms() == START + 601_000


def test_it_can_be_moved_forward_only():
    simulated, _ = clock(0)
    simulated.advance(90)
    simulated.set(START + 100_000)
    assert simulated.now_ms() == START + 100_000
    with pytest.raises(ValueError, match="does not go back"):
        simulated.advance(-1)
    with pytest.raises(ValueError, match="does not go back"):
        simulated.set(START)


@pytest.mark.parametrize("speed", [-1, 100_001, float("nan"), float("inf")])
def test_a_speed_must_make_sense(speed):
    with pytest.raises(ValueError, match="speed"):
        clock(0)[0].set_speed(speed)


def test_a_fast_clock_that_catches_up_with_real_time_goes_on_with_it():
    simulated, real = clock(60, behind_seconds=590)
    real.passed += 10  # both are at START + 600 s now
    assert simulated.now_ms() == START + 600_000
    real.passed += 5
    assert simulated.now_ms() == START + 605_000


def test_a_clock_that_was_set_ahead_of_real_time_does_not_race_on():
    simulated, real = clock(60, behind_seconds=10)
    simulated.advance(1000)
    before = simulated.now_ms()
    real.passed += 5
    assert simulated.now_ms() == before + 5_000


# --- the window in which a request is fresh: timestamp < server + 1000 and server - timestamp <= recvWindow


@pytest.mark.parametrize(
    ("offset", "window", "is_fresh"),
    [
        (0, None, True),
        (999, None, True),
        (1000, None, False),
        (-5000, None, True),
        (-5001, None, False),
        (-60_000, "60000", True),
        (-60_001, "60000", False),
        (-100, "100.5", True),
        (-101, "100.5", False),
    ],
)
def test_the_window_is_that_of_the_documentation(offset, window, is_fresh):
    text = f"timestamp={START + offset}" + (f"&recvWindow={window}" if window else "")
    if is_fresh:
        check_time(Params(text, ""), START)
    else:
        with pytest.raises(ApiError, match="-1021"):
            check_time(Params(text, ""), START)


@pytest.mark.parametrize("speed", [0, 0.5, 1, 60])
def test_a_client_that_asked_the_time_a_little_ago_is_still_served(speed):
    simulated, real = clock(speed)
    offset_ms = simulated.now_ms() - real.wall() * 1000
    real.passed += 4
    timestamp = round(real.wall() * 1000 + offset_ms)
    check_time(Params(f"timestamp={timestamp}", ""), simulated.now_ms(), simulated.client_tolerance())
    with pytest.raises(ApiError, match="-1021"):
        check_time(Params(f"timestamp={timestamp + 3_600_000}", ""), simulated.now_ms())


def test_microseconds_are_understood():
    check_time(Params(f"timestamp={START * 1000 + 5}", ""), START)
