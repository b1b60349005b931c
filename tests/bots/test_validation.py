"""The checks of a submission: which check catches which bad bot, and in what words."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bot_sdk.candles import random_walk
from bot_sdk.runtime import BotDefinitionError, ask_bot, candles_frame, create_bot, describe, find_bot_class
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import AskRequest, BotPackage, Limits, Outcome, OutcomeStatus
from bots.validation.config_schema import config_problems, schema_problem
from bots.validation.run import CHECKS, run_checks
from bots.validation.types import CheckResult, FileLimits, Report
from tests.sandbox.helpers import write_package

SAMPLES = Path(__file__).resolve().parent.parent.parent / "bots" / "samples"


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    limits = Limits(wall_seconds=20.0, start_up_seconds=60.0, memory_bytes=256 * 1024 * 1024)
    with WorkerPool(limits) as shared:
        yield shared


def outcomes(report: Report) -> dict[str, str]:
    return {check.name: check.outcome.value for check in report.checks}


def sample(name: str, folder: Path) -> BotPackage:
    """A sample as its author would upload it, its models trained."""
    shutil.copytree(SAMPLES / name, folder, ignore=shutil.ignore_patterns("train.py", "__pycache__"))
    if (SAMPLES / name / "train.py").exists():
        runpy.run_path(str(SAMPLES / name / "train.py"))["train"](random_walk(2000, seed=9), folder, seed=9)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return write_package(folder, files, model=("MODEL", "MODEL", "XGBOOST"), scaler=("DATA", "SCALER", "SKLEARN"))


@pytest.mark.parametrize("name", ["momentum", "mean_reversion", "ml_xgboost"])
def test_the_samples_pass_and_trade(pool: WorkerPool, tmp_path: Path, name: str) -> None:
    report = run_checks(sample(name, tmp_path / name), pool)
    assert report.status == "passed"
    assert set(outcomes(report).values()) == {"passed"}, report.checks
    assert [check.name for check in report.checks] == [module.NAME for module, _ in CHECKS]
    assert len(report.decisions) == 5
    assert report.decisions[0].time < report.decisions[4].time
    assert all(decision.reason for decision in report.decisions)
    evidence = report.checks[-1].evidence
    buys, sells = (int(evidence.split(side)[0].split()[-1]) for side in (" BUY", " SELL"))
    assert buys >= 5
    assert sells >= 5


BOT = """
from bot_sdk import Action, CustomBot

class Bot(CustomBot):
    default_config = {"period": 3}
    config_schema = {"type": "object", "properties": {"period": {"type": "integer", "minimum": 1}}}
    warmup_candles = 20

    def analyze_market(self, market_data):
        price = float(market_data["close"].iloc[-1])
        n = self.state["n"] = self.state.get("n", 0) + 1
        BODY
        return Action("BUY" if n % 2 else "SELL", price, f"candle {n}")
"""
SCHEMA = '{"type": "object", "properties": {"period": {"type": "integer", "minimum": 1}}}'


def bot(body: str = "pass", *, replace: tuple[str, str] = ("", "")) -> str:
    return BOT.replace("BODY", body).replace(*replace)


class InProcess:
    """A host for tests about the checks themselves: runs this file's own bots here, which costs no worker."""

    def describe(self, package: BotPackage) -> Outcome:
        module = ModuleType("bot")
        exec((package.folder / "bot.py").read_text(), vars(module))
        try:
            bot_class = find_bot_class(module)
        except BotDefinitionError as error:
            return Outcome(OutcomeStatus.RUNTIME_ERROR, error=str(error))
        self.bot = create_bot(bot_class, strategy_config={}, models={})
        return Outcome(OutcomeStatus.OK, description={**describe(bot_class), "files": []})

    def ask(self, package: BotPackage, requests: list[AskRequest]) -> list[Outcome]:
        [request] = requests
        self.bot.state = dict(request.state)
        try:
            action = ask_bot(self.bot, candles_frame(request.open_times, request.values))
        except Exception as error:
            return [Outcome(OutcomeStatus.RUNTIME_ERROR, error=repr(error))]
        return [Outcome(OutcomeStatus.OK, action, self.bot.state)]


# name: (files, the check that fails, part of its evidence)
BAD: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "a syntax error": ({"bot.py": bot("if n")}, "syntax", "bot.py, line 12: expected ':'\n    if n"),
    "a syntax error elsewhere": ({"bot.py": bot(), "tools.py": "def"}, "syntax", "tools.py, line 1"),
    "fails on import": ({"bot.py": "import nonsense"}, "structure", "No module named 'nonsense'"),
    "two bot classes": ({"bot.py": bot() + "class Second(Bot): pass\n"}, "structure", "found 2: Bot, Second"),
    "defaults out of the schema": (
        {"bot.py": bot(replace=('{"period": 3}', '{"period": 0}'))},
        "config_schema",
        "default_config does not fit config_schema: period: 0 is less than the minimum of 1",
    ),
    "a truncated model": ({"bot.py": bot(), "model.json": b'{"learner":'}, "models", "model.json: XGBoostError"),
    "raises": ({"bot.py": bot("if n == 7: raise LookupError('unlucky')")}, "runs", "LookupError: unlucky"),
    "returns nonsense": ({"bot.py": bot("return 'BUY'")}, "runs", "PROTOCOL_ERROR"),
    "prints too much": ({"bot.py": bot("print('x' * 2_000_000)")}, "runs", "OUTPUT_LIMIT"),
    "memory": ({"bot.py": bot("self.all = bytearray(10**9)")}, "runs", "MEMORY_LIMIT"),
}


# The same, for what the sandbox has no part in.
BAD_IN_ITSELF: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "no Python file": ({"model.json": b"{}"}, "files", "one file must be called bot.py, found: no Python file"),
    "two files, neither bot.py": ({"a.py": "x", "b.py": "x"}, "files", "one file must be called bot.py, found: a.py"),
    "an empty file": ({"bot.py": b""}, "files", "bot.py is empty"),
    "too large": ({"bot.py": b"#" * 2001}, "files", "bot.py has 2001 bytes, at most 2000 are allowed"),
    "no bot class": ({"bot.py": "x = 1"}, "structure", "no class extends CustomBot"),
    "no JSON schema": (
        {"bot.py": bot(replace=('"integer"', '"intenger"'))},
        "config_schema",
        "'intenger' is not valid",
    ),
    "a schema that refers elsewhere": (
        {"bot.py": bot(replace=(SCHEMA, '{"$ref": "http://127.0.0.1/schema"}'))},
        "config_schema",
        "uses $ref",
    ),
    "a schema with a regular expression": (
        {"bot.py": bot(replace=('"minimum": 1', '"pattern": "(a+)+$"'))},
        "config_schema",
        "uses pattern",
    ),
    "asks for a model that is not there": (
        {"bot.py": bot("self.config['models']['MODEL'].predict([[1]])")},
        "runs",
        "KeyError",
    ),
}


def check_caught(report: Report, check: str, evidence: str) -> None:
    failed = [result for result in report.checks if result.outcome.value == "failed"]
    assert report.status == "failed"
    assert [result.name for result in failed] == [check], report.checks
    assert evidence in failed[0].evidence
    assert failed[0].fix


@pytest.mark.parametrize("name", BAD)
def test_a_bad_bot_is_caught_by_the_check_that_names_it(pool: WorkerPool, tmp_path: Path, name: str) -> None:
    files, check, evidence = BAD[name]
    package = write_package(tmp_path / "bot", files, model=("MODEL", "MODEL", "XGBOOST"))
    check_caught(run_checks(package, pool), check, evidence)


@pytest.mark.parametrize("name", BAD_IN_ITSELF)
def test_a_bad_submission_is_caught_before_it_matters(tmp_path: Path, name: str) -> None:
    files, check, evidence = BAD_IN_ITSELF[name]
    package = write_package(tmp_path / "bot", files, model=("MODEL", "MODEL", "XGBOOST"))
    check_caught(run_checks(package, InProcess(), limits=FileLimits(code_max_bytes=2000)), check, evidence)


def test_a_bot_that_hangs(tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": bot("while n == 3: pass")})
    with WorkerPool(Limits(wall_seconds=0.5, start_up_seconds=60.0)) as hasty:
        report = run_checks(package, hasty)
    assert report.status == "failed"
    assert report.checks[-1].name == "runs"
    assert "TIME_LIMIT at the candle of 2025-01-01T00:21:00+00:00" in report.checks[-1].evidence
    assert "at bot.py, line 12, in analyze_market" in report.checks[-1].evidence
    assert [decision.action for decision in report.decisions] == ["BUY", "SELL"]


def test_a_bot_that_takes_nearly_all_its_time_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.validation.runs.TOTAL_SECONDS", 0.05)
    package = write_package(tmp_path / "bot", {"bot.py": bot("import time; time.sleep(0.02)")})
    report = run_checks(package, InProcess())
    assert report.status == "failed"
    assert "of 300 candles were answered in 0 seconds" in report.checks[-1].evidence


def test_a_bot_that_never_trades_gets_a_warning(tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": bot("return Action('HOLD', price)")})
    report = run_checks(package, InProcess())
    assert report.status == "passed"
    assert outcomes(report)["runs"] == "warning"
    assert "the bot never traded" in report.checks[-1].evidence


def test_parameters_without_a_schema_get_a_warning(tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": bot(replace=(SCHEMA, "{}"))})
    report = run_checks(package, InProcess())
    assert report.status == "passed"
    assert outcomes(report)["config_schema"] == "warning"


def test_state_and_prints_are_carried_through(pool: WorkerPool, tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": bot("print('n is', n)")})
    report = run_checks(package, pool)
    assert report.decisions[-1].reason == "candle 300"
    assert report.log.startswith("n is 1\nn is 2\n")
    assert report.description["class_name"] == "Bot"


def test_progress_is_reported_with_the_results_so_far(tmp_path: Path) -> None:
    seen: list[tuple[float, int]] = []

    def note(done: float, results: list[CheckResult]) -> None:
        seen.append((done, len(results)))

    run_checks(write_package(tmp_path / "bot", {"bot.py": bot()}), InProcess(), progress=note)
    assert seen == sorted(seen)
    assert seen[0] == (0.0, 0)
    assert seen[-1] == (1.0, len(CHECKS))
    assert len(seen) > 30


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({}, []),
        ({"period": 5}, []),
        ({"period": "5"}, [("period", "'5' is not of type 'integer'")]),
        ({"period": 0}, [("period", "0 is less than the minimum of 1")]),
        ({"other": 1}, [("", "Additional properties are not allowed ('other' was unexpected)")]),
    ],
)
def test_config_problems_name_the_field(config: dict[str, object], problems: list[tuple[str, str]]) -> None:
    schema = {
        "type": "object",
        "properties": {"period": {"type": "integer", "minimum": 1}},
        "additionalProperties": False,
    }
    assert schema_problem(schema) == ""
    assert config_problems(schema, config) == problems


def test_a_parameter_may_be_called_pattern() -> None:
    assert schema_problem({"properties": {"pattern": {"type": "string", "enum": ["$ref"]}}}) == ""
    assert "pattern" in schema_problem({"properties": {"x": {"items": [{"pattern": "a"}]}}})
