"""Mutated replies against the host's reader: nothing but a WireError, or an answer that is safe to store.

`python -m tests.sandbox.fuzz_wire 1000000` runs a million; the suite runs some thousand.
"""

from __future__ import annotations

import json
import math
import random
import struct
import sys
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot_sdk import Action
from bots.sandbox import wire

NONCE, NUMBER, STATE_BYTES = 0x1122334455667788, 42, 2000
PER_EXAMPLE = 100
FIRST_LENGTH = 3  # from the end of REPLY: reason, state, text
ACTIONS = (
    Action("HOLD", 1.0),
    Action("BUY", 2.5, "because €", confidence=0.5, stop_loss=2.0, take_profit=3.0),
    Action("SELL", 1e9, "x" * 500, order_type="LIMIT", limit_price=0.01),
)
STATES = (b"{}", b'{"a":[1,null,true,"\xc3\xa4"]}', b'{"deep":' + b"[" * 18 + b"]" * 18 + b"}")
NASTY_NUMBERS = (math.nan, math.inf, -math.inf, -1.0, 0.0, -0.0, 5e-324, 1.7e308, 1.0000001)
NASTY_LENGTHS = (0, 1, 1999, 2000, 2001, 4096, 4097, 2**31 - 1, 2**31, 2**32 - 1)
NASTY_JSON = (
    b"[]", b"null", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"\\ud800":1}', b'{"a":"\\u0000"}', b"[" * 1900,
    b'{"a":' * 300, b'{"a":1,"a":2}', b"\xff\xfe", b'{"a":' + b"9" * 1900 + b"}", b"{" + b" " * 1000, b"1" * 1999,
)  # fmt: skip


def valid(rng: random.Random) -> bytearray:
    status = rng.choice((0, 0, 0, 1, 4))
    action = rng.choice(ACTIONS) if status == 0 else None
    text = "" if status == 0 else rng.choice(("", "KeyError: 'x'", "ä" * 2100))
    return bytearray(
        wire.encode_reply(NONCE, NUMBER, status, action=action, state=rng.choice(STATES) if action else b"", text=text)
    )


def mutate(rng: random.Random) -> bytes:
    """A valid reply with one to four things wrong with it, or none."""
    reply = valid(rng)
    for _ in range(rng.randrange(5)):
        way = rng.randrange(8)
        position = rng.randrange(len(reply)) if reply else 0
        if way == 0 and reply:
            reply[position] = rng.randrange(256)
        elif way == 1 and reply:
            reply[position] ^= 1 << rng.randrange(8)
        elif way == 2:
            del reply[position:]
        elif way == 3:
            reply[position:position] = rng.randbytes(rng.randrange(60))
        elif way == 4 and len(reply) >= wire.REPLY.size:  # a lie about a length
            offset = wire.REPLY.size - 4 * rng.randrange(1, 1 + FIRST_LENGTH)
            struct.pack_into("<I", reply, offset, rng.choice(NASTY_LENGTHS))
        elif way == 5 and len(reply) >= wire.REPLY.size:  # a number that is none
            struct.pack_into("<d", reply, 24 + 8 * rng.randrange(5), rng.choice(NASTY_NUMBERS))
        elif way == 6:  # a state that is none
            status = wire.encode_reply(NONCE, NUMBER, 0, action=rng.choice(ACTIONS), state=rng.choice(NASTY_JSON))
            reply = bytearray(status)
        elif way == 7:
            reply += valid(rng)
    return bytes(reply)


def read(received: bytes) -> bool:
    """All that the host does with a reply. True when it takes it. Raises WireError."""
    buffer = bytearray(received)
    reply = wire.decode_reply(buffer, NONCE, NUMBER, state_bytes=STATE_BYTES)
    if reply is None:
        return False
    taken = wire.REPLY.size + len(reply.reason) + len(reply.state) + len(reply.text)
    assert len(buffer) == len(received) - taken
    error = wire.clean_text(wire.read_text(reply.text))
    assert len(error) <= wire.ERROR_BYTES
    assert all(character >= " " or character in "\n\t" for character in error)
    if wire.read_status(reply) is not wire.OutcomeStatus.OK:
        return True
    check_answer(wire.read_action(reply), wire.read_json_object(reply.state))
    return True


def check_answer(action: Action, state: dict) -> None:
    assert action.action in ("BUY", "SELL", "HOLD")
    assert action.order_type in (None, "MARKET", "LIMIT")
    for number in (action.price, action.limit_price, action.stop_loss, action.take_profit):
        assert number is None or (0 < number < math.inf)
    assert action.confidence is None or 0 <= action.confidence <= 1
    assert len(action.reason) <= 500
    assert not any(ord(character) < 32 for character in action.reason)
    again = json.dumps(state, allow_nan=False)
    assert json.loads(again) == state
    assert "\\u0000" not in again
    state_text = json.dumps(state, ensure_ascii=False)
    state_text.encode("utf-8")  # no half characters


def run_example(seed: int) -> tuple[int, int]:
    """`PER_EXAMPLE` replies: how many were taken and how many refused. The others are only beginnings."""
    rng = random.Random(seed)
    taken = refused = 0
    for _ in range(PER_EXAMPLE):
        try:
            taken += read(mutate(rng))
        except wire.WireError:
            refused += 1
    return taken, refused


def main(count: int) -> None:
    seeds: set[int] = set()
    totals = [0, 0]
    started = time.monotonic()

    @settings(
        max_examples=-(-count // PER_EXAMPLE), deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.integers(0, 2**64 - 1))
    def fuzz(seed: int) -> None:
        if seed in seeds:
            return
        taken, refused = run_example(seed)
        seeds.add(seed)
        totals[0] += taken
        totals[1] += refused

    fuzz()
    seconds = time.monotonic() - started
    made = len(seeds) * PER_EXAMPLE
    taken, refused = totals
    found = f"{taken:,} taken, {refused:,} refused, {made - taken - refused:,} not whole yet, nothing else happened"
    print(f"{made:,} replies in {seconds:.0f} s: {found}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
