"""Sample bots without a sandbox: they alone, recognised by their code, on any operating system."""

from __future__ import annotations

import builtins
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bots.sandbox import lockdown, tiers
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import BotPackage, Limits, OutcomeStatus, SandboxUnavailable
from bots.sandbox.unsafe import SAMPLES, SamplePool
from tests.sandbox.conftest import PATIENT
from tests.sandbox.helpers import OPEN_TIMES, VALUES, request, write_package

ROOT = Path(__file__).resolve().parent.parent.parent
MOMENTUM = (SAMPLES / "momentum" / "bot.py").read_bytes()
MEAN_REVERSION = (SAMPLES / "mean_reversion" / "bot.py").read_bytes()
WITH_MODEL = (SAMPLES / "ml_xgboost" / "bot.py").read_bytes()
# Tells on itself when any of it runs.
STRANGER = b"import builtins; builtins.stranger_was_here = True\nraise SystemExit\n"
PICKLE = b"cbuiltins\nexec\n(S'import builtins; builtins.stranger_was_here = True'\ntR."


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without Landlock."""
    monkeypatch.setattr(lockdown, "landlock_abi", lambda: 0)
    found = tiers.probe.__wrapped__()
    monkeypatch.setattr(tiers, "probe", lambda: found)


@pytest.fixture
def pool() -> SamplePool:
    return SamplePool()


# --- what runs


def test_a_sample_answers_as_in_the_sandbox(pool: SamplePool, tmp_path: Path) -> None:
    """Candle for candle, state and all."""
    bot = write_package(tmp_path, {"bot.py": MEAN_REVERSION})
    state: dict = {}
    with WorkerPool(Limits(**PATIENT)) as confined:
        assert pool.describe(bot).description == confined.describe(bot).description
        for count in range(20, 60):
            asked = replace(request(state=state), open_times=OPEN_TIMES[:count], values=VALUES[:count])
            [inside], [outside] = confined.ask(bot, [asked]), pool.ask(bot, [asked])
            assert inside.ok
            assert (inside.status, inside.action, inside.state) == (outside.status, outside.action, outside.state)
            state = outside.state
    assert state, "it has never bought: the test says little"


def test_a_sample_is_recognised_by_its_code_and_not_by_its_name(pool: SamplePool, tmp_path: Path) -> None:
    bot = write_package(tmp_path / "stranger", {"something.py": MOMENTUM})
    assert pool.describe(bot).description["class_name"] == "MomentumBot"
    assert pool.ask(bot, [request("one"), request("two")])[1].ok


def test_what_runs_is_the_checkouts_own_file(pool: SamplePool, tmp_path: Path) -> None:
    bot = write_package(tmp_path, {"bot.py": MOMENTUM})
    (tmp_path / "bot.py").write_bytes(STRANGER)
    assert pool.ask(bot, [request()])[0].ok
    (tmp_path / "bot.py").unlink()
    assert pool.ask(bot, [request()])[0].ok


def test_the_callers_candles_and_state_stay_as_they_are(tmp_path: Path) -> None:
    writes = b"""
from bot_sdk import Action, CustomBot

class Writes(CustomBot):
    warmup_candles = 5

    def analyze_market(self, market_data):
        market_data.iloc[:, :] = 1.0
        self.state["seen"].append(1)
        return Action(Action.HOLD, 1.0, "")
"""
    write_package(tmp_path / "samples" / "writes", {"bot.py": writes})
    asked = request(state={"seen": []})
    before = asked.values.copy()
    [outcome] = SamplePool(tmp_path / "samples").ask(write_package(tmp_path / "it", {"bot.py": writes}), [asked])
    assert (outcome.status, outcome.state) == (OutcomeStatus.OK, {"seen": [1]})
    assert asked.state == {"seen": []}
    assert np.array_equal(asked.values, before)


def test_a_sample_that_fails_says_where(tmp_path: Path) -> None:
    broken = MOMENTUM.replace(b'price = float(market_data["close"].iloc[-1])', b'price = float(market_data["gone"])')
    broken = broken.replace(b"price = float(close.iloc[-1])", b'raise RuntimeError("half done")')
    write_package(tmp_path / "samples" / "momentum", {"bot.py": broken})
    bot = write_package(tmp_path / "it", {"bot.py": broken})
    [outcome] = SamplePool(tmp_path / "samples").ask(bot, [request(state={"kept": 1})])
    assert (outcome.status, outcome.state) == (OutcomeStatus.RUNTIME_ERROR, {"kept": 1})
    assert "in analyze_market" in outcome.error
    assert "RuntimeError: half done" in outcome.error


# --- what does not


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"bot.py": STRANGER}, "bot.py is not the code of one"),
        ({"bot.py": MOMENTUM + b"\n"}, "bot.py is not the code of one"),
        ({"bot.py": MOMENTUM, "helper.py": STRANGER}, "helper.py is not the code of one"),
        ({"bot.py": MOMENTUM, "other.py": MEAN_REVERSION}, "this bot has several files"),
        ({"bot.py": WITH_MODEL, "model.json": b"{}"}, "model.json is not the code of one"),
        ({"bot.py": WITH_MODEL, "scaler.joblib": PICKLE}, "scaler.joblib is not the code of one"),
        ({}, "this bot has several files"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_what_is_missing(
    no_sandbox: None, pool: SamplePool, tmp_path: Path, files: dict[str, str | bytes], what: str
) -> None:
    models = {"model": ("MODEL", "MODEL", "XGBOOST"), "scaler": ("MODEL", "SCALER", "SKLEARN")}
    bot = write_package(tmp_path, files, **models)
    for ask in (lambda: pool.describe(bot), lambda: pool.ask(bot, [request()])):
        with pytest.raises(SandboxUnavailable) as refused:
            ask()
        assert "the kernel has no Landlock" in str(refused.value)
        assert what in str(refused.value)
    assert not hasattr(builtins, "stranger_was_here")


def test_the_code_of_a_sample_is_not_taken_as_a_model(pool: SamplePool, tmp_path: Path) -> None:
    bot = write_package(tmp_path, {"bot.py": MOMENTUM}, bot=("MODEL", "MODEL", "SKLEARN"))
    with pytest.raises(SandboxUnavailable):
        pool.describe(bot)


def test_it_runs_where_nothing_of_linux_is_there(tmp_path: Path) -> None:
    write_package(tmp_path, {"bot.py": MOMENTUM})
    code = f"""
import os, signal, socket, sys
import pandas  # is made for one system
sys.platform = "win32"
for module in ("fcntl", "resource"):
    sys.modules[module] = None
for name in ("pidfd_open", "register_at_fork", "sysconf", "fork", "geteuid"):
    delattr(os, name)
from pathlib import Path
from bots.sandbox.unsafe import SamplePool
from tests.sandbox.helpers import request, write_package
print(SamplePool().ask(write_package(Path({str(tmp_path)!r}), {{"bot.py": {MOMENTUM!r}}}), [request()])[0].status)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("OK\n", "")


def test_a_package_made_by_hand_gets_no_further(no_sandbox: None, pool: SamplePool, tmp_path: Path) -> None:
    """Whatever a manifest claims, only what lies in this checkout runs."""
    sample, stranger = (
        write_package(tmp_path / "a", {"bot.py": MOMENTUM}),
        write_package(tmp_path / "b", {"bot.py": STRANGER}),
    )
    forged = BotPackage(stranger.content_hash, stranger.folder, sample.manifest)
    assert pool.describe(forged).description["class_name"] == "MomentumBot"
