"""`./run demo --check`: what it takes for success, and what it says when the time is over."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from marketplace.demo import __main__ as demo
from marketplace.demo.check import TradeWatch
from marketplace.demo.errors import DemoError
from marketplace.demo.place import Place
from marketplace.demo.supervisor import Supervisor

SUBSCRIPTIONS = {
    "results": [
        {"id": 1, "instance_name": "Momentum on BTC", "status": "ACTIVE"},
        {"id": 2, "instance_name": "Dips on ETH", "status": "PAUSED"},
    ]
}
NO_TRADE: dict[str, Any] = {"total_trades": 0, "total_pnl": "0"}
ONE_TRADE: dict[str, Any] = {"total_trades": 1, "total_pnl": "12.5"}


class Api(ThreadingHTTPServer):
    """Answers from a table of path to JSON value; anything else, and any other token, is refused."""

    daemon_threads = True
    answers: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == "Bearer the token"
        answer = self.server.answers.get(self.path) if allowed else None
        self.send_response(500 if answer is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api(("127.0.0.1", 0), Handler)
    server.answers = {
        "/api/subscriptions/": SUBSCRIPTIONS,
        "/api/subscriptions/1/performance": NO_TRADE,
        "/api/subscriptions/2/performance": NO_TRADE,
    }
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def watch(api) -> TradeWatch:
    return TradeWatch(f"http://127.0.0.1:{api.server_port}", "the token")


def test_no_finished_trade_is_no_success(watch):
    assert watch.first_performance() is None


def test_the_first_subscription_with_a_finished_trade_is_the_success(api, watch):
    api.answers["/api/subscriptions/2/performance"] = ONE_TRADE
    assert watch.first_performance() == ONE_TRADE


def test_an_error_of_the_api_is_remembered_and_forgotten_when_it_works_again(api, watch):
    del api.answers["/api/subscriptions/2/performance"]
    assert watch.first_performance() is None
    assert "500" in watch.describe()
    api.answers["/api/subscriptions/2/performance"] = NO_TRADE
    assert watch.first_performance() is None
    assert "500" not in watch.describe()


def test_a_server_that_is_not_there_is_remembered():
    watch = TradeWatch("http://127.0.0.1:1", "the token")
    assert watch.first_performance() is None
    assert "the API showed no subscription" in watch.describe()
    assert "refused" in watch.describe()


@pytest.fixture
def place(api, tmp_path) -> Place:
    accounts = {"subscriber": {"username": "subscriber", "password": "demo", "token": "the token"}}
    (tmp_path / "demo.json").write_text(json.dumps({"accounts": accounts}))
    return Place(port=api.server_port, data_dir=tmp_path)


@pytest.fixture
def idle(place) -> Supervisor:
    """A supervisor with nothing to do and no patience: it looks once."""
    return Supervisor(log_dir=place.log_dir, folder=Path("/"), say=print, give_up_at=0)


def test_the_performance_is_printed_as_json(api, idle, place, capsys):
    api.answers["/api/subscriptions/1/performance"] = ONE_TRADE
    demo.check(idle, place)
    printed = capsys.readouterr().out
    assert json.loads(printed[printed.index("{") :]) == ONE_TRADE


def test_when_the_time_is_over_it_says_what_it_was_waiting_for(idle, place):
    place.log_dir.mkdir()
    (place.log_dir / "worker.log").write_text("the venue does not answer\n")
    with pytest.raises(DemoError) as caught:
        demo.check(idle, place)
    assert caught.value.exit_status == 1
    said = str(caught.value)
    assert "waited for a subscription to finish a trade" in said
    assert "Momentum on BTC: ACTIVE" in said
    assert "Dips on ETH: PAUSED" in said
    assert "the venue does not answer" in said
    assert "the token" not in said
