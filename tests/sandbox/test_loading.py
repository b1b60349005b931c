"""From files to a bot: what `describe` says, and what it says when the files are no bot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bots.sandbox.host import WorkerPool
from bots.sandbox.types import Outcome, OutcomeStatus
from tests.sandbox.helpers import request, write_package

GOOD = """
    from bot_sdk import Action, CustomBot

    class Good(CustomBot):
        default_config = {"period": 3}
        config_schema = {"type": "object", "properties": {"period": {"type": "integer"}}}
        warmup_candles = 30

        def analyze_market(self, market_data):
            print("hello")
            return Action("HOLD", 1, str({**self.config, "models": self.models}))
"""


@pytest.fixture
def describe(pool: WorkerPool, tmp_path: Path) -> Callable[[dict[str, str | bytes]], Outcome]:
    return lambda files: pool.describe(write_package(tmp_path / "bot", files))


def test_a_bot_says_what_it_is(describe: Callable[..., Outcome]) -> None:
    outcome = describe({"bot.py": GOOD})
    assert outcome.status is OutcomeStatus.OK
    assert outcome.description == {
        "class_name": "Good",
        "default_config": {"period": 3},
        "config_schema": {"type": "object", "properties": {"period": {"type": "integer"}}},
        "warmup_candles": 30,
        "files": [],
    }


def test_defaults_are_overlaid_with_the_strategy_config(pool: WorkerPool, tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": GOOD, "extra.json": b'{"a": 1}'}, extra=("DATA", "DATA", ""))
    [outcome] = pool.ask(package, [request(config={"more": True})])
    assert outcome.action is not None
    assert outcome.action.reason == "{'period': 3, 'more': True, 'models': {'DATA': {'a': 1}}}"


def test_files_may_import_each_other_but_not_replace_a_library(pool: WorkerPool, tmp_path: Path) -> None:
    files = {
        "bot.py": """
            import indicators, json
            from bot_sdk import Action, CustomBot

            class Parts(CustomBot):
                def analyze_market(self, market_data):
                    return Action("HOLD", 1, indicators.word() + str(hasattr(json, "dumps")))
        """,
        "indicators.py": "def word(): return 'from a file of its own '\n",
        "json.py": "raise RuntimeError('this is not the json you wanted')\n",
    }
    [outcome] = pool.ask(write_package(tmp_path / "bot", files), [request()])
    assert outcome.action is not None, outcome.error
    assert outcome.action.reason == "from a file of its own True"


BROKEN = {
    "a syntax error": ("class Bot(:\n    pass", "SyntaxError: bot.py, line 1: invalid syntax\n    class Bot(:"),
    "a null in the source": ("x = 1\0", "SyntaxError: bot.py"),
    "no UTF-8": (b"x = '\xff'", "SyntaxError: bot.py"),
    "a schema that is no dict": (
        GOOD.replace("config_schema = ", "config_schema = 1,"),
        "config_schema must be a dict",
    ),
    "defaults that are no JSON": (GOOD.replace("3}", "object}"), "default_config must hold JSON values only"),
    "an exit of the process": ("import os; os._exit(0)", "ended its own process (exit code 0)"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_bot(describe: Callable[..., Outcome], name: str) -> None:
    source, error = BROKEN[name]
    outcome = describe({"bot.py": source})
    assert outcome.status is OutcomeStatus.RUNTIME_ERROR
    assert error in outcome.error
    assert outcome.description is None


def test_a_description_that_does_not_fit(describe: Callable[..., Outcome]) -> None:
    outcome = describe({"bot.py": GOOD.replace('{"period": 3}', "{'x': 'y' * 70000}")})
    assert outcome.status is OutcomeStatus.OUTPUT_LIMIT
    assert "default_config and config_schema have" in outcome.error


def test_an_import_that_hangs(make_pool: Callable[..., WorkerPool], tmp_path: Path) -> None:
    pool = make_pool(start_up_seconds=2.5)
    outcome = pool.describe(write_package(tmp_path / "bot", {"bot.py": "while True: pass"}))
    assert outcome.status is OutcomeStatus.TIME_LIMIT
    assert "at bot.py, line 1, in" in outcome.error


def test_a_bot_that_does_not_load_fails_every_request_and_keeps_their_states(pool: WorkerPool, tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": "print('loading')\n1 / 0"})
    outcomes = pool.ask(package, [request("a", state={"n": 1}), request("b", state={"n": 2})])
    assert [outcome.status.value for outcome in outcomes] == ["RUNTIME_ERROR"] * 2
    assert [outcome.state for outcome in outcomes] == [{"n": 1}, {"n": 2}]
    assert outcomes[0].log == "loading\n"
    assert "ZeroDivisionError" in outcomes[0].error


def test_files_that_do_not_load_are_each_named(pool: WorkerPool, tmp_path: Path) -> None:
    package = write_package(
        tmp_path / "bot",
        {"bot.py": GOOD, "model.json": b"{broken", "scaler.joblib": b"no pickle", "table.csv": b"a,b\n1,2\n"},
        model=("MODEL", "MODEL", "XGBOOST"),
        scaler=("DATA", "SCALER", "SKLEARN"),
        table=("DATA", "DATA", ""),
    )
    outcome = pool.describe(package)
    assert outcome.status is OutcomeStatus.RUNTIME_ERROR
    assert "model.json could not be loaded: XGBoostError" in outcome.error
    assert "scaler.joblib could not be loaded:" in outcome.error
    assert outcome.description is not None
    kinds = {file["name"]: file["kind"] for file in outcome.description["files"]}
    assert kinds == {"model.json": "", "scaler.joblib": "", "table.csv": "DataFrame"}


def test_a_pickle_runs_its_code_in_the_worker_and_nowhere_else(pool: WorkerPool, tmp_path: Path) -> None:
    harmful = b"cos\n_exit\n(I7\ntR."  # unpickling calls os._exit(7)
    package = write_package(
        tmp_path / "bot", {"bot.py": GOOD, "model.pkl": harmful}, model=("MODEL", "MODEL", "SKLEARN")
    )
    outcome = pool.describe(package)
    assert outcome.status is OutcomeStatus.RUNTIME_ERROR
    assert "exit code 7" in outcome.error
