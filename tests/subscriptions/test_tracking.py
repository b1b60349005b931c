"""Orders whose fate was lost on the way, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bots.models import Bot
from exchanges import base, services
from exchanges.adapters.binance import BinanceExchange
from exchanges.errors import OrderNotFound
from exchanges.models import Mode
from exchanges.simulator.http import Face, Reply, Request
from exchanges.simulator.server import ReplyLost, Seam
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.testing import RunningSimulator
from subscriptions import execution, tasks, tracking
from subscriptions.models import Order, Position, Subscription
from tests.factories import approved_bot, running_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("eager_tasks")]


class Breaking(Seam):
    """Loses the next submit: before the venue read it, or its reply."""

    def __init__(self) -> None:
        self.lose_request = self.lose_reply = 0

    async def before(self, face: Face, request: Request) -> Reply | None:
        if self.lose_request and _is_submit(request):
            self.lose_request -= 1
            raise ReplyLost
        return await super().before(face, request)

    async def after(self, face: Face, request: Request, reply: Reply) -> Reply:
        if self.lose_reply and _is_submit(request):
            self.lose_reply -= 1
            raise ReplyLost
        return await super().after(face, request, reply)


def _is_submit(request: Request) -> bool:
    return (request.method, request.path) == ("POST", "/api/v3/order")


@pytest.fixture
def network(venue: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Breaking:
    breaking = Breaking()
    monkeypatch.setattr(venue.server.faults, "_inner", breaking)
    return breaking


@pytest.fixture
def subscribe(author: User, moderator: User, subscriber: User, venue: RunningSimulator) -> Callable[..., Subscription]:
    bot: Bot = approved_bot(author, moderator)
    services.save_credential(
        user=subscriber, exchange="BINANCE", mode=Mode.TESTNET, api_key=venue.api_key, api_secret=venue.api_secret
    )

    def make(script: str, **risk: str) -> Subscription:
        return running_subscription(
            subscriber,
            bot,
            mode="testnet",
            strategy_config={"script": script},
            risk_config={"position_size_pct": "50", **risk},
        )

    return make


def close_candle(venue: RunningSimulator) -> None:
    venue.advance(seconds=60)
    tasks.candles_closed("1m")


def make_older(order: Order, seconds: int) -> None:
    long_ago = timezone.now() - timedelta(seconds=seconds)
    Order.objects.filter(pk=order.pk).update(created_at=long_ago, submitted_at=long_ago)


def submits(venue: RunningSimulator) -> int:
    return len(venue.account()["orders"])


def test_an_order_whose_reply_was_lost_is_found_and_not_sent_again(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, network: Breaking
) -> None:
    subscribe("B")
    network.lose_reply = 1
    close_candle(venue)
    assert Order.objects.get().status == "UNKNOWN"
    tasks.track()
    order = Order.objects.get()
    assert order.status == "FILLED"
    assert submits(venue) == 1
    assert Position.objects.get().is_open


def test_an_order_that_never_arrived_is_rejected_once_its_absence_is_certain(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, network: Breaking
) -> None:
    subscribe("B")
    network.lose_request = 1
    close_candle(venue)
    tasks.track()
    order = Order.objects.get()
    assert order.status == "UNKNOWN"  # not found a moment later proves nothing
    make_older(order, tracking.ABSENT_AFTER_SECONDS + 1)
    tasks.track()
    order.refresh_from_db()
    assert order.status == "REJECTED"
    assert "never reached" in order.status_detail
    assert submits(venue) == 0


def test_while_an_entry_is_unknown_no_second_one_is_made(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, network: Breaking
) -> None:
    subscribe("BB")
    network.lose_request = 1
    close_candle(venue)
    close_candle(venue)
    assert Order.objects.count() == 1
    assert submits(venue) == 0


def test_an_order_saved_and_never_sent_is_sent_by_tracking_once(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe("B")

    def die(**_: object) -> Order:
        raise MemoryError("killed between the commit and the send")

    with monkeypatch.context() as patch:
        patch.setattr(execution, "send_order", die)
        with pytest.raises(MemoryError):
            close_candle(venue)
    assert Order.objects.get().status == "NEW"
    tasks.track()
    tasks.track()
    assert Order.objects.get().status == "FILLED"
    assert submits(venue) == 1


def test_an_entry_that_waited_too_long_is_denied_instead_of_sent(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe("B")
    with monkeypatch.context() as patch:
        patch.setattr(execution, "send_order", lambda **values: values["order"])
        close_candle(venue)
    make_older(Order.objects.get(), 120)
    tasks.track()
    assert Order.objects.get().status == "DENIED"
    assert submits(venue) == 0


def test_a_lost_stop_is_placed_anew_once_it_is_known_to_be_lost(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, network: Breaking
) -> None:
    subscribe("BH", stop_loss_pct="3")
    close_candle(venue)
    first = Order.objects.get(leg="STOP_LOSS")
    with_key = services.open_exchange(credential=first.credential)
    with with_key as exchange:
        exchange.cancel_order(first.symbol, first.client_order_id)  # by hand, at the venue
    tasks.track()
    first.refresh_from_db()
    assert first.status == "CANCELED"
    second = Order.objects.filter(leg="STOP_LOSS").latest("created_at")
    assert second.status == "OPEN"
    assert second.client_order_id != first.client_order_id


def test_a_stop_the_venue_refuses_closes_the_position(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe("BH", stop_loss_pct="0.001")  # less than the spread away: it would trigger at once
    close_candle(venue)
    tasks.track()
    stops = Order.objects.filter(leg="STOP_LOSS")
    assert {stop.status for stop in stops} <= {"REJECTED", "FILLED"}
    assert not Position.objects.get().is_open
    assert not Order.objects.filter(status__in=Order.WORKING).exists()


def test_a_resting_entry_is_taken_back_after_its_candle(
    subscribe: Callable[..., Subscription], venue: RunningSimulator
) -> None:
    subscription = subscribe("BH")
    Subscription.objects.filter(pk=subscription.pk).update(order_type="LIMIT")
    venue.advance(seconds=60)
    # The bot's limit is the close; the price has moved up since, so that the order rests.
    from subscriptions import signals

    [signal] = signals.collect_signals(market=signals.Market("BINANCE", "spot", "BTC/USDT", "1m"))
    venue.set_price("BTC/USDT", round(venue.price() * 2, 2))
    tasks.execute_signal(signal.pk)
    order = Order.objects.get()
    assert (order.order_type, order.status) == ("LIMIT", "OPEN")
    tasks.track()
    assert Order.objects.get().status == "OPEN"
    venue.advance(seconds=121)
    tasks.track()
    assert Order.objects.get().status == "CANCELED"


def test_whoever_holds_a_subscription_holds_it_alone(subscribe: Callable[..., Subscription]) -> None:
    subscription = subscribe("H")
    with execution.claimed(subscription.pk), pytest.raises(execution.Busy), execution.claimed(subscription.pk):
        pass
    with execution.claimed(subscription.pk) as again:
        assert again.pk == subscription.pk


def test_a_claim_of_the_dead_runs_out(subscribe: Callable[..., Subscription]) -> None:
    subscription = subscribe("H")
    Subscription.objects.filter(pk=subscription.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    with execution.claimed(subscription.pk) as taken:
        assert taken.pk == subscription.pk


@pytest.mark.parametrize("forgets", [True, False])
def test_a_stop_that_vanished_at_the_venue_is_replaced_only_where_that_proves_it_gone(
    subscribe: Callable[..., Subscription], venue: RunningSimulator, monkeypatch: pytest.MonkeyPatch, forgets: bool
) -> None:
    """Coinbase Exchange drops what was canceled without a fill; elsewhere "unknown" is no proof of anything."""
    subscribe("BH", stop_loss_pct="2")
    close_candle(venue)
    first = Order.objects.get(leg="STOP_LOSS")
    make_older(first, tracking.ABSENT_AFTER_SECONDS + 1)

    def cancel_by_hand(simulator: Simulator) -> None:
        for account in simulator.binance.accounts.values():
            for order in simulator.binance.open_orders(account):
                simulator.binance.cancel(order)

    venue.call(cancel_by_hand)
    look_up = BinanceExchange.get_order

    def get_order(self: BinanceExchange, symbol: str, client_order_id: str) -> base.Order:
        if client_order_id == first.client_order_id:
            raise OrderNotFound("No such order.")
        return look_up(self, symbol, client_order_id)

    monkeypatch.setattr(BinanceExchange, "get_order", get_order)
    monkeypatch.setattr(BinanceExchange, "forgets_unfilled_orders", forgets)
    tasks.track()
    first.refresh_from_db()
    assert first.status == ("CANCELED" if forgets else "OPEN")
    assert Order.objects.filter(leg="STOP_LOSS").count() == (2 if forgets else 1)
