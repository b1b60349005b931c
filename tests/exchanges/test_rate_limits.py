"""One budget for everybody: kept within any window, orders first, silence when the venue asks for it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges.rate_limits import Budget, Charge, LocalStore, OverBudget, RateLimit, RedisStore, Scope, Store
from marketplace.demo import redis_server

WEIGHT = RateLimit("weight", Scope.ADDRESS, capacity=100, window_seconds=60)
COUNTER = RateLimit("counter", Scope.KEY, capacity=15, decay_per_second=0.5)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="module")
def redis_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    folder: Path = tmp_path_factory.mktemp("redis")
    with redis_server.socket_place(folder) as socket, (folder / "log").open("ab") as log:
        process = subprocess.Popen(redis_server.server_command(folder, socket), stdout=log)
        while not redis_server.answers(socket):
            assert process.poll() is None
        with redis.Redis.from_url(redis_server.url(socket)) as client:
            yield client
        process.terminate()
        process.wait()


@pytest.fixture(params=["local", "redis"])
def make_store(request: pytest.FixtureRequest) -> Callable[[Callable[[], float]], Store]:
    if request.param == "local":
        return LocalStore
    client: redis.Redis = request.getfixturevalue("redis_client")
    client.flushall()
    return lambda clock: RedisStore(client, clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(make_store: Callable[[Callable[[], float]], Store], clock: Clock) -> Budget:
    return Budget(make_store(clock), venue="VENUE", address="here", api_key="key", sleep=clock.sleep)


def spend(budget: Budget, *limits: RateLimit, cost: float = 10, is_order: bool = False, patience: float = 0) -> None:
    costs = {limit.name: cost for limit in limits}
    budget.spend(limits, costs, is_order=is_order, patience_seconds=patience)


def test_reads_leave_a_part_to_orders_and_orders_may_use_it_all(budget: Budget) -> None:
    for _ in range(9):
        spend(budget, WEIGHT)
    with pytest.raises(OverBudget):
        spend(budget, WEIGHT)
    spend(budget, WEIGHT, is_order=True)
    with pytest.raises(OverBudget):
        spend(budget, WEIGHT, cost=1, is_order=True)


def test_who_waits_gets_its_turn_when_the_window_has_passed(budget: Budget, clock: Clock) -> None:
    for _ in range(9):
        spend(budget, WEIGHT)
    began = clock.now
    spend(budget, WEIGHT, patience=100)
    assert 60 <= clock.now - began <= 62


def test_the_refusal_says_how_long_to_wait(budget: Budget, clock: Clock) -> None:
    spend(budget, COUNTER, cost=14)
    with pytest.raises(OverBudget) as caught:
        spend(budget, COUNTER, cost=5)
    clock.sleep(caught.value.retry_after + 0.001)
    spend(budget, COUNTER, cost=5)


def test_nothing_is_booked_when_one_of_several_limits_is_used_up(budget: Budget) -> None:
    spend(budget, WEIGHT, cost=90)
    for _ in range(5):
        with pytest.raises(OverBudget):
            budget.spend((WEIGHT, COUNTER), {"weight": 10, "counter": 5}, is_order=False, patience_seconds=0)
    spend(budget, COUNTER, cost=14)


def test_a_request_larger_than_its_limit_goes_when_that_is_empty(budget: Budget) -> None:
    spend(budget, WEIGHT, cost=150)
    with pytest.raises(OverBudget):
        spend(budget, WEIGHT, cost=1)


def test_what_others_used_is_learnt_from_the_venue(budget: Budget) -> None:
    spend(budget, WEIGHT)
    budget.learn((WEIGHT, COUNTER), {"weight": 90})
    with pytest.raises(OverBudget):
        spend(budget, WEIGHT)
    budget.learn((WEIGHT,), {"weight": 5})  # less than we know: a window of the venue's began
    with pytest.raises(OverBudget):
        spend(budget, WEIGHT)


def test_when_the_venue_says_stop_everybody_stops(
    make_store: Callable[[Callable[[], float]], Store], clock: Clock
) -> None:
    store = make_store(clock)
    mine, others = (Budget(store, venue="VENUE", address="here", api_key=key) for key in ("a", "b"))
    elsewhere = Budget(store, venue="OTHER", address="here", api_key="a")
    mine.stop(30)
    mine.stop(10)  # does not shorten it
    for one in (mine, others):
        with pytest.raises(OverBudget) as caught:
            spend(one, WEIGHT, is_order=True)
        assert caught.value.retry_after == pytest.approx(30)
    spend(elsewhere, WEIGHT)
    clock.sleep(30.1)
    spend(others, WEIGHT)


def test_keys_have_limits_of_their_own_and_the_address_one_for_all(
    make_store: Callable[[Callable[[], float]], Store], clock: Clock
) -> None:
    store = make_store(clock)
    one, two = (Budget(store, venue="VENUE", address="here", api_key=key) for key in ("a", "b"))
    spend(one, COUNTER, cost=14)
    spend(two, COUNTER, cost=14)
    spend(one, WEIGHT, cost=90)
    with pytest.raises(OverBudget):
        spend(two, WEIGHT, cost=10)


def test_no_key_is_kept_in_the_store(redis_client: redis.Redis) -> None:
    redis_client.flushall()
    budget = Budget(RedisStore(redis_client), venue="VENUE", address="here", api_key="secret-key")
    spend(budget, COUNTER, WEIGHT)
    assert redis_client.keys()
    assert not any(b"secret-key" in name for name in redis_client.keys())  # noqa: SIM118 - Redis is no dict


def test_without_redis_nothing_is_sent() -> None:
    store = RedisStore(redis.Redis(port=1))
    with pytest.raises(OverBudget):
        spend(Budget(store, venue="VENUE", address="here"), WEIGHT)


requests = st.lists(
    st.tuples(st.floats(0, 20), st.sampled_from([1, 2, 10, 40]), st.booleans()), min_size=1, max_size=120
)


@given(requests)
@settings(deadline=None, max_examples=100)
def test_no_window_of_that_length_ever_holds_more(steps: list[tuple[float, int, bool]]) -> None:
    clock = Clock()
    budget = Budget(LocalStore(clock), venue="V", address="a", sleep=clock.sleep)
    sent: list[tuple[float, int]] = []
    for pause, cost, is_order in steps:
        clock.sleep(pause)
        spend(budget, WEIGHT, cost=cost, is_order=is_order, patience=1000)
        sent.append((clock.now, cost))
    for start, _ in sent:
        assert sum(cost for at, cost in sent if start <= at < start + WEIGHT.window_seconds) <= WEIGHT.capacity


@given(requests)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_this_process_count_alike(redis_client: redis.Redis, steps: list[tuple[float, int, bool]]) -> None:
    redis_client.flushall()
    clock = Clock()
    stores: list[Store] = [LocalStore(clock), RedisStore(redis_client, clock=clock)]
    charges = [Charge(limit.name, limit, 0) for limit in (WEIGHT, COUNTER)]
    for pause, cost, is_order in steps:
        clock.sleep(pause)
        paid = [Charge(each.key, each.limit, cost) for each in charges]
        local, shared = (store.take(paid, ["stop"], is_order=is_order) for store in stores)
        assert local == pytest.approx(shared, abs=1e-6)


def test_redis_has_a_clock_for_all(redis_client: redis.Redis) -> None:
    redis_client.flushall()
    limit = RateLimit("fast", Scope.ADDRESS, capacity=1, window_seconds=60)
    store = RedisStore(redis_client)
    assert store.take([Charge("k", limit, 1)], [], is_order=True) == 0
    assert 0 < store.take([Charge("k", limit, 1)], [], is_order=True) <= 61.1
    store.stop("s", 50)
    assert 49 < store.take([], ["s"], is_order=True) <= 50
