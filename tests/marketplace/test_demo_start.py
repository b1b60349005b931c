"""What the demo looks at before it starts anything, and what it says when it cannot start."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchanges.simulator.faces import ENDPOINTS
from marketplace.demo import place, prepare
from marketplace.demo.errors import DemoError
from marketplace.settings import simulated

ROOT = Path(__file__).resolve().parents[2]


def run_demo(data_dir: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The real command, for cases in which it has to end by itself."""
    unset = {"SECRET_KEY", "FIELD_ENCRYPTION_KEY", "DJANGO_SETTINGS_MODULE", "PORT"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, "-m", "marketplace.demo"],
        cwd=ROOT,
        env={**inherited, "DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_one_sentence_that_names_the_variable(tmp_path, taken_port):
    ended = run_demo(tmp_path, PORT=str(taken_port))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Port {taken_port} is not free; choose another with the PORT variable")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "logs").exists()


def test_a_second_demo_on_the_same_folder_is_refused(tmp_path):
    with place.only_demo_in(tmp_path):
        ended = run_demo(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == f"A demo is already running on {tmp_path}; stop it, or choose another DATA_DIR.\n"


def test_the_folder_is_free_again_after_a_demo(tmp_path):
    for _ in range(2):
        with place.only_demo_in(tmp_path, patience_seconds=0):
            pass


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DJANGO_SETTINGS_MODULE", "marketplace.settings.production"),
        ("SECRET_KEY", "a secret"),
        ("FIELD_ENCRYPTION_KEY", "another"),
    ],
)
def test_production_settings_are_refused(tmp_path, name, value):
    ended = run_demo(tmp_path / "data", **{name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith("The demo does not run with production settings")
    assert ended.stderr.count("\n") == 1
    assert value not in ended.stderr or name == "DJANGO_SETTINGS_MODULE"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_no_port_is_refused(port):
    with pytest.raises(DemoError, match="PORT has to be a number from 1 to 65535"):
        place.read_place({"PORT": port})


def test_the_defaults_are_port_8000_and_a_folder_in_the_checkout():
    assert place.read_place({}) == place.Place(port=8000, data_dir=ROOT / ".data")


def test_the_simulator_keeps_its_port_from_start_to_start(tmp_path):
    first = place.simulator_port(tmp_path)
    assert [place.simulator_port(tmp_path) for _ in range(3)] == [first] * 3


def test_the_simulator_takes_another_port_when_its_own_is_taken(tmp_path, taken_port):
    (tmp_path / "simulator.port").write_text(str(taken_port))
    assert place.simulator_port(tmp_path) != taken_port


@pytest.mark.parametrize("offset", range(len(ENDPOINTS)))
def test_the_simulator_needs_a_free_port_for_every_endpoint(tmp_path, taken_port, offset):
    (tmp_path / "simulator.port").write_text(str(taken_port - offset))
    assert place.simulator_port(tmp_path) != taken_port - offset


def test_every_exchange_is_played_by_the_simulator():
    urls = simulated.simulator_urls("http://127.0.0.1:8001")
    assert urls["binance"] == "http://127.0.0.1:8001"
    assert urls["coinbase"] == "https://127.0.0.1:8002"
    exchanges = simulated.exchange_urls(urls, ("live", "testnet"))
    assert exchanges["KRAKEN"]["testnet futures"] == urls["kraken_futures"] == "http://127.0.0.1:8005"
    assert all(set(by_network) >= {"live", "testnet"} for by_network in exchanges.values())
    assert simulated.ca_files(urls, "ca.pem") == {"https://127.0.0.1:8002": "ca.pem"}


def test_a_broker_of_ones_own_is_handed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://broker:6379/3")
    somewhere = place.Place(port=8000, data_dir=tmp_path)
    environment = place.child_environment(somewhere, simulator_url="http://127.0.0.1:1", redis_url=None)
    assert environment["REDIS_URL"] == "redis://broker:6379/3"
    assert environment["SIMULATOR_URL"] == "http://127.0.0.1:1"


def test_static_files_are_collected_only_when_one_has_changed(tmp_path, monkeypatch, settings):
    settings.STATIC_ROOT, settings.STATICFILES_DIRS = tmp_path / "collected", [tmp_path / "own"]
    settings.STATIC_ROOT.mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "site.css").write_text("a")
    collected: list[str] = []
    monkeypatch.setattr(prepare, "call_command", lambda name, **_: collected.append(name))
    prepare.collect_static()
    prepare.collect_static()
    assert collected == ["collectstatic"]
    (tmp_path / "own" / "site.css").write_text("ab")
    prepare.collect_static()
    assert collected == ["collectstatic"] * 2
