"""The host's side of the wire: a valid reply arrives whole, anything else is a WireError and nothing worse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot_sdk import Action
from bots.sandbox import wire
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import Outcome, OutcomeStatus

Run = Callable[..., Outcome]

NONCE, NUMBER = 0x1122334455667788, 42
STATE_BYTES = 1000
FIELDS = ("nonce", "number", "status", "side", "order_type", "given", "price", *wire.OPTIONAL_NUMBERS)
FIELDS += ("reason_length", "state_length", "text_length")
GOOD = wire.encode_reply(
    NONCE, NUMBER, 0, action=Action("BUY", 2.5, "because €", confidence=0.5, stop_loss=2.0), state=b'{"a":[1,null]}'
)


def read(received: bytes) -> tuple[object, ...] | None:
    """All that the host does with a reply."""
    buffer = bytearray(received)
    reply = wire.decode_reply(buffer, NONCE, NUMBER, state_bytes=STATE_BYTES)
    if reply is None:
        return None
    status = wire.read_status(reply)
    return (
        status,
        wire.read_action(reply),
        wire.read_json_object(reply.state),
        wire.read_text(reply.text),
        bytes(buffer),
    )


def test_a_reply_arrives_whole_and_what_follows_stays() -> None:
    action = Action("BUY", 2.5, "because €", confidence=0.5, stop_loss=2.0)
    assert read(GOOD + b"rest") == (OutcomeStatus.OK, action, {"a": [1, None]}, "", b"rest")


@pytest.mark.parametrize("size", [0, 1, wire.REPLY.size - 1, wire.REPLY.size, len(GOOD) - 1])
def test_half_a_reply_is_waited_for(size: int) -> None:
    assert read(GOOD[:size]) is None


def forged(**changes: object) -> bytes:
    """GOOD with some fields of its struct replaced."""
    fields = dict(zip(FIELDS, wire.REPLY.unpack_from(GOOD), strict=True)) | changes
    return wire.REPLY.pack(*fields.values()) + GOOD[wire.REPLY.size :]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nonce": 1}, "not asked"),
        ({"number": 41}, "not asked"),
        ({"reason_length": 2**32 - 1}, "longer than its limits"),
        ({"state_length": STATE_BYTES + 1}, "longer than its limits"),
        ({"text_length": wire.ERROR_BYTES + 1}, "longer than its limits"),
        ({"status": 6}, "unknown status"),
        ({"status": wire.MISMATCH}, "unknown status"),
        ({"side": 0}, "unknown side"),
        ({"side": 4}, "unknown side"),
        ({"order_type": 3}, "unknown side or order type"),
        ({"given": 16}, "unknown optional"),
        ({"price": float("nan")}, "price must be a finite number"),
        ({"price": float("inf")}, "price must be a finite number"),
        ({"price": -1.0}, "price must be above zero"),
        ({"confidence": 1.5}, "confidence must be"),
        ({"stop_loss": 9.0}, "stop_loss 9.0 must lie below"),
        ({"order_type": 2}, "limit_price must be given"),
        ({"reason_length": 8}, "not UTF-8|not a JSON object"),
    ],
)
def test_a_forged_field_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(wire.WireError, match=sentence):
        read(forged(**changes))


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"[]",
        b"null",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e999}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b"[" * 900,
        b'{"a":' + b"[" * 30 + b"]" * 30 + b"}",
        b'{"a":' + b"9" * 990 + b"}x",
        b"\xff",
    ],
)
def test_a_state_that_is_no_clean_json_is_refused(state: bytes) -> None:
    action = Action("HOLD", 1)
    with pytest.raises(wire.WireError):
        read(wire.encode_reply(NONCE, NUMBER, 0, action=action, state=state))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, len(GOOD)),
    st.binary(max_size=40),
)
def test_mutated_replies_raise_nothing_but_wire_errors(edits: list[tuple[int, int]], cut: int, tail: bytes) -> None:
    mutated = bytearray(GOOD)
    for position, value in edits:
        mutated[position] = value
    for received in (bytes(mutated), bytes(mutated) + tail, bytes(mutated[:cut]) + tail):
        try:
            result = read(received)
        except wire.WireError:
            continue
        if result is not None:
            action = result[1]
            assert isinstance(action, Action)
            assert 0 < action.price < float("inf")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_clean_text_can_be_stored_and_shown(text: str) -> None:
    cleaned = wire.clean_text(text)
    assert all(character >= " " or character in "\n\t" for character in cleaned)
    cleaned.encode("utf-8")


# --- a bot that writes to the pipe itself

FIND_PIPE = """
import os, struct
def writable(n):
    try:
        return os.write(n, b"") == 0
    except OSError:
        return False
[reply_fd] = [n for n in range(3, 64) if writable(n)]
"""


@pytest.mark.parametrize(
    "forgery",
    [
        "os.write(reply_fd, b'x' * 200)",
        "os.write(reply_fd, struct.pack('<QQ', 0, 0) + bytes(200))",
        "os.write(reply_fd, b'x' * 30); os._exit(0)",
        "while True: os.write(reply_fd, bytes(65536))",
        "os.close(reply_fd)\nwhile True: pass",
    ],
    ids=["garbage", "another nonce", "half a reply", "a flood", "a closed pipe"],
)
def test_forged_bytes_end_the_worker(run: Run, pool: WorkerPool, forgery: str) -> None:
    assert run("").ok
    pid = pool.worker_pids[-1]
    outcome = run(FIND_PIPE + forgery)
    assert outcome.status in (OutcomeStatus.PROTOCOL_ERROR, OutcomeStatus.RUNTIME_ERROR)
    assert pid not in pool.worker_pids


@pytest.mark.parametrize("count", [1, 3])
def test_a_doubled_reply_never_answers_the_next_question(run: Run, count: int) -> None:
    """The bot copies the worker's own way of answering, and answers ahead of it."""
    forge = FIND_PIPE + (
        "from bots.sandbox import wire\n"
        "import sys\n"
        "frame = sys._getframe()\n"
        "while 'number' not in frame.f_locals: frame = frame.f_back\n"
        "nonce, number = frame.f_locals['nonce'], frame.f_locals['number']\n"
        "for ahead in range(COUNT):\n"
        "    reply = wire.encode_reply(nonce, number + ahead, 0, action=Action('SELL', 1, 'forged'), state=b'{}')\n"
        "    os.write(reply_fd, reply)\n"
    ).replace("COUNT", str(count))
    run(forge)
    asked = "answer = Action('BUY', 1, 'asked')"
    for outcome in (run(asked), run(asked)):
        # What is left over may cost the bot its worker, but is never taken for an answer.
        assert outcome.status in (OutcomeStatus.OK, OutcomeStatus.PROTOCOL_ERROR)
        assert outcome.action is None or outcome.action.reason == "asked"
        assert outcome.log == ""
    assert outcome.ok
