"""What a bot does wrong is data: one hostile or broken program per row, with the verdict it must get."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from bots.sandbox.host import WorkerPool
from bots.sandbox.types import BotPackage, Outcome, OutcomeStatus
from tests.sandbox.helpers import LAST_CLOSE, probe

Run = Callable[..., Outcome]

# (program, status, part of the error); the process survives these, or is ended by its own doing
PROGRAMS = {
    "raises": ("1 / 0", "RUNTIME_ERROR", "ZeroDivisionError"),
    "exits politely": ("raise SystemExit(4)", "RUNTIME_ERROR", "SystemExit: 4"),
    "is interrupted": ("raise KeyboardInterrupt", "RUNTIME_ERROR", "KeyboardInterrupt"),
    "an error that cannot be printed": (
        "class Nasty(Exception):\n def __str__(self): raise ValueError\nraise Nasty",
        "RUNTIME_ERROR",
        "Nasty: (an error whose text cannot be had)",
    ),
    "an error of a million characters": ("raise ValueError('x' * 10**6)", "RUNTIME_ERROR", "ValueError: xxx"),
    "recursion without end": ("def f(): f()\nf()", "RUNTIME_ERROR", "RecursionError"),
    "os._exit": ("import os; os._exit(3)", "RUNTIME_ERROR", "ended its own process (exit code 3)"),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", "RUNTIME_ERROR", "crashed (SIGSEGV) at bot.py, line"),
    "kills itself": ("import os; os.kill(os.getpid(), 9)", "RUNTIME_ERROR", "PermissionError"),
    "raises a signal": ("import signal; signal.raise_signal(9)", "RUNTIME_ERROR", "crashed (SIGKILL)"),
    "returns nothing": ("answer = None", "PROTOCOL_ERROR", "must return an Action, not NoneType"),
    "returns a dict": ("answer = {'action': 'BUY'}", "PROTOCOL_ERROR", "must return an Action, not dict"),
    "price is NaN": ("answer = Action('BUY', float('nan'))", "RUNTIME_ERROR", "price must be a finite number"),
    "price smuggled in as NaN": (
        "answer = Action('BUY', price); object.__setattr__(answer, 'price', float('nan'))",
        "PROTOCOL_ERROR",
        "price must be a finite number",
    ),
    "price smuggled in as text": (
        "answer = Action('BUY', price); object.__setattr__(answer, 'price', 'much')",
        "PROTOCOL_ERROR",
        "the Action holds values",
    ),
    "a side of its own": (
        "answer = Action('BUY', price); object.__setattr__(answer, 'action', 'STEAL')",
        "PROTOCOL_ERROR",
        "the Action holds values",
    ),
    "a long reason": ("answer = Action('BUY', price, 'x' * 501)", "OUTPUT_LIMIT", "reason has 501 characters"),
    "a huge reason smuggled in": (
        "answer = Action('BUY', price); object.__setattr__(answer, 'reason', 'x' * 10**6)",
        "OUTPUT_LIMIT",
        "the answer has",
    ),
    "a reason longer than its field": (
        "answer = Action('BUY', price); object.__setattr__(answer, 'reason', 'x' * 5000)",
        "PROTOCOL_ERROR",
        "longer than its limits",
    ),
    "a huge state": ("self.state['x'] = 'y' * 40000", "OUTPUT_LIMIT", "state has 40018 bytes"),
    "state is no dict": ("self.state = [1]", "RUNTIME_ERROR", "state must be a dict, not list"),
    "state holds an object": ("self.state['x'] = object()", "RUNTIME_ERROR", "object is not a JSON value"),
    "state holds NaN": ("self.state['x'] = float('nan')", "RUNTIME_ERROR", "nan is not a JSON number"),
    "state with numbers for keys": ("self.state[1] = 2", "RUNTIME_ERROR", "keys must be text, not int"),
    "state holds itself": ("self.state['x'] = self.state", "RUNTIME_ERROR", "nested deeper than 20"),
    "state with half a character": ("self.state['x'] = '\\ud800'", "RUNTIME_ERROR", "half a character"),
    "prints without end": ("while True: print('x' * 1000)", "OUTPUT_LIMIT", "bytes were printed in one call"),
    "memory without end": (
        "self.kept = []\nwhile True: self.kept.append(bytearray(10**7))",
        "MEMORY_LIMIT",
        "more memory than it may",
    ),
    "one large array": ("import numpy; numpy.ones(5 * 10**7)", "MEMORY_LIMIT", "more memory than it may"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_verdict(run: Run, name: str) -> None:
    program, status, error = PROGRAMS[name]
    before = {"count": 7}
    outcome = run(program, state=before)
    assert outcome.status == status, outcome.error
    assert error in outcome.error
    assert len(outcome.error) <= 5000
    assert outcome.action is None
    assert outcome.state == before
    assert run("answer = Action('BUY', price, 'next')").ok, "the call after it must work again"


@pytest.mark.parametrize(
    ("program", "line"),
    [("while True: pass", 10), ("import time; time.sleep(3600)", 10), ("import signal; signal.raise_signal(19)", 0)],
    ids=["spins", "sleeps", "stops itself"],
)
def test_no_answer_in_time(
    make_pool: Callable[..., WorkerPool], probe_bot: BotPackage, program: str, line: int
) -> None:
    hasty = make_pool(wall_seconds=0.3)
    started = time.monotonic()
    [outcome] = hasty.ask(probe_bot, [probe(f"print('before')\n{program}")])
    assert outcome.status is OutcomeStatus.TIME_LIMIT
    assert outcome.error.startswith("no answer within 0.3 seconds")
    if line:
        assert f"at bot.py, line {line}, in analyze_market" in outcome.error
    assert outcome.log == "before\n"
    assert 0.3 <= outcome.duration_seconds < 5
    assert time.monotonic() - started < 20
    assert hasty.worker_pids == []


@pytest.mark.parametrize("ignore", ["", "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)"])
def test_too_much_processor_time(make_pool: Callable[..., WorkerPool], probe_bot: BotPackage, ignore: str) -> None:
    pool = make_pool(cpu_seconds=1)
    [outcome] = pool.ask(probe_bot, [probe(f"{ignore}\nwhile True: pass")])
    assert outcome.status is OutcomeStatus.TIME_LIMIT
    assert "1 seconds of processor time" in outcome.error


def test_a_good_answer_arrives_whole(run: Run) -> None:
    outcome = run(
        """
        self.state["calls"] = self.state.get("calls", 0) + 1
        print("to standard output")
        import sys
        print("to standard error", file=sys.stderr)
        answer = Action(
            "buy", price, "Ein Grund: 50 € <b>", confidence=0.25, order_type="LIMIT",
            limit_price=price - 1, stop_loss=price - 10, take_profit=price + 10,
        )
        """,
        state={"calls": 41, "text": "ä", "list": [1, None, True, 0.5]},
    )
    assert outcome.status is OutcomeStatus.OK
    assert outcome.action is not None
    assert outcome.action.action == "BUY"
    assert outcome.action.price == LAST_CLOSE
    assert outcome.action.reason == "Ein Grund: 50 € <b>"
    assert outcome.action.confidence == 0.25
    assert outcome.action.order_type == "LIMIT"
    assert outcome.action.limit_price == LAST_CLOSE - 1
    assert outcome.action.stop_loss == LAST_CLOSE - 10
    assert outcome.action.take_profit == LAST_CLOSE + 10
    assert outcome.state == {"calls": 42, "text": "ä", "list": [1, None, True, 0.5]}
    assert outcome.log == "to standard output\nto standard error\n"
    assert outcome.error == ""
    assert 0 < outcome.duration_seconds < 30


def test_the_traceback_shows_the_bots_own_frames_only(run: Run) -> None:
    outcome = run("market_data['absent']")
    assert outcome.error.splitlines() == [
        "bot.py, line 10, in analyze_market",
        '    exec(self.config["code"], names)',
        "KeyError: 'absent'",
    ]


def test_prints_are_cut_and_never_block(make_pool: Callable[..., WorkerPool], probe_bot: BotPackage) -> None:
    pool = make_pool(log_bytes=100)
    code = "for _ in range(400): print('x' * 999)"  # far more than a pipe holds
    for _ in range(3):
        [outcome] = pool.ask(probe_bot, [probe(code)])
        assert outcome.ok
        assert outcome.log == "x" * 100 + "\n(399900 more bytes were printed)"


def test_each_call_gets_its_own_prints(pool: WorkerPool, probe_bot: BotPackage) -> None:
    outcomes = pool.ask(probe_bot, [probe(f"print({number})", str(number)) for number in range(50)])
    assert [outcome.log for outcome in outcomes] == [f"{number}\n" for number in range(50)]


def test_prints_from_below_python_are_kept(run: Run) -> None:
    assert run("import os; os.write(1, b'from C')").log == "from C"


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout.close(); sys.stderr.close()",
        "import sys; sys.stdout = sys.stderr = None",
        "import os; os.close(0)",
    ],
)
def test_a_bot_that_closes_its_streams_gets_them_back(run: Run, code: str) -> None:
    assert run(code).ok
    assert run("print('still here')").log == "still here\n"


def test_a_bot_that_closes_the_log_pipe_only_loses_its_log(run: Run, pool: WorkerPool) -> None:
    code = "import os; os.close(1); os.close(2)"
    assert run(code).ok
    again = run("answer = Action('BUY', price, 'silent')")
    assert again.ok
    assert again.log == ""
    pool.close()


def test_control_characters_never_leave_the_sandbox(run: Run) -> None:
    outcome = run(r"print('a\x1b[2Jb\x00c\u202ed'); answer = Action('HOLD', price, 'one\ntwo\x1b[31m \u2066x')")
    assert outcome.log == "a\ufffd[2Jb\ufffdc\ufffdd\n"
    assert outcome.action is not None
    assert outcome.action.reason == "one two\ufffd[31m \ufffdx"
