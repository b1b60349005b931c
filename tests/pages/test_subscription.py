"""The list of subscriptions and the page of one: what they say, and their buttons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from exchanges.models import Instrument
from subscriptions.models import Decision, Order, Position, Signal, Subscription
from tests.pages.conftest import HOUR, START, add_order, add_trades, open_position
from tests.pages.test_market import text

Make = Callable[..., Subscription]


@pytest.fixture
def page(subscriber: User) -> Client:
    client = Client()
    client.force_login(subscriber)
    return client


def address(subscription: Subscription, what: str = "") -> str:
    return f"/subscriptions/{subscription.pk}{what}"


# --- the list
def test_an_empty_list_says_what_it_will_show_and_the_first_step(page: Client) -> None:
    html = text(page, "/subscriptions")
    assert "No subscriptions yet" in html
    assert "Go to the market" in html


def test_the_list_shows_mode_state_pair_result_and_trades(page: Client, make_subscription: Make) -> None:
    add_trades(make_subscription("winner"), 3)
    add_trades(make_subscription("loser", status="PAUSED"), 1, gain="-1234.5")
    html = text(page, "/subscriptions")
    for expected in ("winner", "Paper", "Running", "Paused", "BTC/USDT", "+29.40", "−1,234.50", "ago"):
        assert expected in html
    assert "real money" not in html


def test_only_closed_trades_make_a_result(page: Client, make_subscription: Make) -> None:
    make_subscription()
    html = text(page, "/subscriptions")
    assert "no trade has closed yet" in html
    assert "0.00" not in html


def test_live_ones_have_a_bar_of_their_own(page: Client, make_subscription: Make) -> None:
    make_subscription("real", mode="live")
    make_subscription("over", mode="live", status="STOPPED")
    assert "1 of your subscriptions trades with real money" in text(page, "/subscriptions")


def test_the_list_is_paged_and_its_queries_do_not_grow(page: Client, make_subscription: Make) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page.get("/subscriptions")
        return len(captured)

    for number in range(3):
        add_trades(make_subscription(f"s{number}"), 2)
    few = queries()
    for number in range(3, 30):
        add_trades(make_subscription(f"s{number}"), 1)
    assert queries() == few
    assert few <= 6
    assert "1 to 25 of 30" in text(page, "/subscriptions")
    assert "26 to 30 of 30" in text(page, "/subscriptions?page=2")


# --- one subscription
def test_before_anything_happened_every_part_says_so(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription(status="CREATED", stream=None, started_at=None)
    html = text(page, address(subscription))
    for expected in (
        "Not started",
        "has not been asked yet",
        "no trade has closed yet",
        "it holds nothing",
        "No orders yet",
    ):
        assert expected in html


def test_the_result_stands_beside_its_fall_and_its_span(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    add_trades(subscription, 2)
    html = text(page, address(subscription))
    assert "+19.60" in html
    assert "+1.96" in html
    assert "since" in html
    assert "Deepest fall of equity" in html
    assert "2 with a gain, 0 with a loss" in html


def test_the_log_reads_like_sentences(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    assert subscription.stream is not None
    for number, (action, outcome, detail) in enumerate(
        [("SELL", "SKIPPED", "nothing to sell"), ("BUY", "DENIED", "1 USDT is below the minimum")]
    ):
        signal = Signal.objects.create(
            stream=subscription.stream,
            candle_open_time=START + HOUR * number,
            outcome="OK",
            action=action,
            price=65000,
            reason="<b>said</b>",
        )
        Decision.objects.create(subscription=subscription, signal=signal, outcome=outcome, detail=detail)
    Signal.objects.create(stream=subscription.stream, candle_open_time=START + 2 * HOUR, outcome="TIME_LIMIT")
    add_order(subscription, 1, "STOP_LOSS", "980", START + timedelta(hours=3, minutes=20))
    log = page.get(address(subscription)).context["log"]
    assert [line.text for line in log] == [
        "Stop loss reached: sold 0.1 BTC at 980.00.",
        "No answer from the bot: took too long.",
        "BUY from the bot at 65,000.00, denied: 1 USDT is below the minimum.",
        "SELL from the bot at 65,000.00, skipped: nothing to sell.",
    ]
    assert log[-1].time == START + HOUR  # the candle's close
    assert "<b>said" not in text(page, address(subscription))


@pytest.mark.parametrize(
    ("stop", "stop_status", "words"),
    [
        ("980", "OPEN", "at 980.00, confirmed by the venue"),
        ("980", "UNKNOWN", "at 980.00, sent and not confirmed yet"),
        ("980", None, "at 980.00, no order at the venue yet"),
        (None, None, "none set: only the bot ends this position"),
    ],
)
def test_a_stop_counts_as_confirmed_only_when_the_venue_has_it(
    page: Client, make_subscription: Make, stop: str | None, stop_status: str | None, words: str
) -> None:
    subscription = make_subscription()
    open_position(subscription, stop=stop, stop_status=stop_status)
    assert words in text(page, address(subscription))


def test_a_live_one_says_so_above_everything(page: Client, make_subscription: Make) -> None:
    assert "Real money on your account" in text(page, address(make_subscription(mode="live")))
    assert "Real money" not in text(page, address(make_subscription("paper one")))


def test_a_paused_account_is_said_with_its_reason(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription(mode="live")
    subscription.credential.is_paused = True
    subscription.credential.paused_reason = "The venue refused the key."
    subscription.credential.save()
    assert "The venue refused the key." in text(page, address(subscription))


def test_tables_are_paged_each_for_itself(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    add_trades(subscription, 20)
    answer = page.get(address(subscription, "?trades=2"))
    assert (answer.context["trades"].number, answer.context["orders"].number) == (2, 1)
    assert "?trades=2&amp;orders=2#orders" in answer.content.decode()
    assert len(page.get(address(subscription, "?log=all")).context["log"]) == 40


def test_the_queries_of_a_page_do_not_grow_with_its_history(page: Client, make_subscription: Make) -> None:
    def queries(subscription: Subscription) -> int:
        with CaptureQueriesContext(connection) as captured:
            page.get(address(subscription))
        return len(captured)

    short, long = make_subscription("short"), make_subscription("long", mode="testnet")
    add_trades(short, 3)
    open_position(short)
    add_trades(long, 30)
    open_position(long)
    assert queries(long) == queries(short)
    assert queries(long) <= 20


# --- refreshing itself
def test_the_refresh_brings_what_is_above_and_below_the_charts(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    add_trades(subscription, 20)
    html = text(page, address(subscription, "/live?trades=2"))
    assert "<html" not in html
    assert 'id="live"' in html
    assert '<div id="history" hx-swap-oob="true">' in html
    assert f"{address(subscription, '/live')}?trades=2" in html


def test_the_refresh_of_a_page_whose_session_ended_reloads_it(client: Client, make_subscription: Make) -> None:
    answer = client.get(address(make_subscription(), "/live"))
    assert answer.headers["HX-Refresh"] == "true"
    assert b"BTC" not in answer.content


def test_the_revision_changes_when_the_charts_have_news(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    before = page.get(address(subscription, "/live")).context["revision"]
    assert page.get(address(subscription, "/live")).context["revision"] == before
    add_trades(subscription, 1)
    assert page.get(address(subscription, "/live")).context["revision"] != before


# --- buttons
def test_start_pause_and_stop(page: Client, make_subscription: Make, btc_usdt: Instrument) -> None:
    subscription = make_subscription(status="CREATED", stream=None, started_at=None)
    for step, status in (("/start", "RUNNING"), ("/pause", "PAUSED"), ("/start", "RUNNING"), ("/pause", "PAUSED")):
        answer = page.post(address(subscription, step))
        assert answer.headers["Location"] == address(subscription)
        subscription.refresh_from_db()
        assert subscription.status == status
    page.post(address(subscription, "/stop"))
    subscription.refresh_from_db()
    assert subscription.status == "STOPPED"


def test_what_cannot_be_done_now_is_said_and_changes_nothing(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription(status="STOPPED")
    html = page.post(address(subscription, "/pause"), follow=True).content.decode()
    assert "that cannot be done now" in html
    subscription.refresh_from_db()
    assert subscription.status == "STOPPED"


def test_stopping_asks_first_and_says_what_it_holds(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    open_position(subscription)
    html = text(page, address(subscription, "/stop"))
    assert "It holds 0.1 BTC (Paper)." in html
    assert "1 order at the venue is canceled" in html
    subscription.refresh_from_db()
    assert subscription.status == "RUNNING"


@pytest.mark.parametrize(("answer", "flatten"), [("", False), ("yes", True)])
def test_stopping_sells_only_if_that_was_chosen(
    page: Client, make_subscription: Make, answer: str, flatten: bool
) -> None:
    subscription = make_subscription()
    open_position(subscription)
    page.post(address(subscription, "/stop"), {"flatten": answer})
    subscription.refresh_from_db()
    assert (subscription.status, subscription.flatten_on_stop) == ("STOPPING", flatten)


def test_a_stop_with_nonsense_does_nothing(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription()
    assert page.post(address(subscription, "/stop"), {"flatten": "perhaps"}).status_code == 200
    subscription.refresh_from_db()
    assert subscription.status == "RUNNING"


def test_starting_a_live_one_leads_over_a_second_question(page: Client, make_subscription: Make) -> None:
    subscription = make_subscription(mode="live", status="PAUSED")
    assert f'href="{address(subscription, "/start")}"' in text(page, address(subscription))
    assert "Start with real money" in text(page, address(subscription, "/start"))
    subscription.refresh_from_db()
    assert subscription.status == "PAUSED"


def test_pausing_by_a_link_is_not_possible(page: Client, make_subscription: Make) -> None:
    assert page.get(address(make_subscription(), "/pause")).status_code == 405


def test_the_buttons_fit_the_state(page: Client, make_subscription: Make) -> None:
    offered = {
        "CREATED": {"start"},
        "RUNNING": {"pause", "stop"},
        "PAUSED": {"start", "stop"},
        "STOPPING": set(),
        "STOPPED": {"start"},
    }
    for status, buttons in offered.items():
        html = text(page, address(make_subscription(status, status=status)))
        assert {name for name in ("start", "pause", "stop") if f'id="{name}"' in html} == buttons


def test_orders_and_positions_of_others_do_not_count(page: Client, make_subscription: Make, outsider: User) -> None:
    mine, theirs = make_subscription(), make_subscription(user=outsider)
    add_trades(theirs, 3)
    html = text(page, address(mine))
    assert "No orders yet" in html
    assert not Order.objects.filter(subscription=mine).exists()
    assert not Position.objects.filter(subscription=mine).exists()
