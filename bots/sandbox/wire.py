"""The bytes between host and worker. Both sides use this file; the host distrusts what it decodes.

Host to worker, one frame per message: kind, lengths, a random nonce, a JSON header,
raw blocks of candles. Worker to host, one reply per request of the frame: a fixed struct, then reason,
state and text in bytes. Every reply repeats the nonce and says which request of the frame it answers.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from bot_sdk.action import MAX_REASON_CHARACTERS, Action
from bots.sandbox.types import AskRequest, OutcomeStatus

# kind, header bytes, body bytes, nonce
FRAME = struct.Struct("<BxxxxxxxQQQ")
# nonce, number of the request, status, side, order type, bits of the optional numbers, price, the optional numbers,
# lengths of reason, state and text
REPLY = struct.Struct("<QQBBBBxxxx5dIII")

SIDES = ("", Action.BUY, Action.SELL, Action.HOLD)
ORDER_TYPES = (None, "MARKET", "LIMIT")
OPTIONAL_NUMBERS = ("confidence", "limit_price", "stop_loss", "take_profit")
STATUSES = tuple(OutcomeStatus)
# Before any code of the bot has run, a worker may also say that the files are not the approved ones.
MISMATCH = 255

ERROR_BYTES = 4096
REASON_BYTES = 4 * MAX_REASON_CHARACTERS  # UTF-8
STATE_DEPTH = 20  # nesting that anything that stores or shows a state can surely walk


class Kind(IntEnum):
    SET_UP = 1
    LOAD = 2
    ASK = 3


class WireError(Exception):
    """What came over the pipe is not a valid reply."""


class Reply(NamedTuple):
    """A reply whose lengths and identity are checked, and nothing else yet."""

    status: int
    side: int
    order_type: int
    given: int
    numbers: tuple[float, ...]  # price, then OPTIONAL_NUMBERS
    reason: bytes
    state: bytes
    text: bytes


# --- host to worker


def encode_frame(kind: Kind, nonce: int, header: Any, blocks: Sequence[bytes] = ()) -> bytes:
    head = encode_json(header)
    size = sum(len(block) for block in blocks)
    return b"".join((FRAME.pack(kind, len(head), size, nonce), head, *blocks))


def encode_ask(nonce: int, requests: Sequence[AskRequest]) -> bytes:
    """Streams on the same market share their candles: each pair of arrays travels once."""
    blocks: list[bytes] = []
    lengths: list[int] = []
    seen: dict[tuple[int, int], int] = {}
    entries = []
    for request in requests:
        identity = (id(request.open_times), id(request.values))
        if identity not in seen:
            seen[identity] = len(lengths)
            lengths.append(len(request.open_times))
            # Column by column: pandas works on columns.
            blocks += (request.open_times.tobytes(), request.values.tobytes(order="F"))
        entries.append([request.stream, request.strategy_config, request.state, seen[identity]])
    return encode_frame(Kind.ASK, nonce, {"lengths": lengths, "requests": entries}, blocks)


def decode_blocks(body: memoryview, lengths: list[int]) -> list[np.ndarray]:
    """Each block as int64 of shape (6, n): open times, then the bits of five float64 columns. Views into `body`."""
    numbers = np.frombuffer(body, np.int64)
    blocks = []
    start = 0
    for count in lengths:
        blocks.append(numbers[start : start + 6 * count].reshape(6, count))
        start += 6 * count
    return blocks


# --- worker to host


def encode_reply(
    nonce: int,
    number: int,
    status: int,
    *,
    action: Action | None = None,
    state: bytes = b"",
    text: str = "",
) -> bytes:
    encoded = text.encode("utf-8", "replace")[:ERROR_BYTES]
    # A cut in the middle of a character would be refused by the host.
    encoded = encoded.decode("utf-8", "ignore").encode()
    if action is None:
        head = REPLY.pack(nonce, number, status, 0, 0, 0, *(0.0,) * 5, 0, len(state), len(encoded))
        return head + state + encoded
    reason = action.reason.encode("utf-8", "replace")
    optional = [getattr(action, name) for name in OPTIONAL_NUMBERS]
    head = REPLY.pack(
        nonce,
        number,
        status,
        SIDES.index(action.action),
        ORDER_TYPES.index(action.order_type),
        sum(1 << bit for bit, number in enumerate(optional) if number is not None),
        action.price,
        *(number or 0.0 for number in optional),
        len(reason),
        len(state),
        len(encoded),
    )
    return b"".join((head, reason, state, encoded))


def decode_reply(received: bytearray, nonce: int, number: int, *, state_bytes: int) -> Reply | None:
    """Take one reply off the front of `received`, or None when it is not complete yet. Raises WireError."""
    if len(received) < REPLY.size:
        return None
    fields = REPLY.unpack_from(received)
    if fields[0] != nonce or fields[1] != number:
        raise WireError("an answer to a question that was not asked")
    reason_length, state_length, text_length = fields[11:]
    if reason_length > REASON_BYTES or state_length > state_bytes or text_length > ERROR_BYTES:
        raise WireError("an answer longer than its limits")
    size = REPLY.size + reason_length + state_length + text_length
    if len(received) < size:
        return None
    state_start = REPLY.size + reason_length
    text_start = state_start + state_length
    status, side, order_type, given = fields[2:6]
    reply = Reply(
        status,
        side,
        order_type,
        given,
        fields[6:11],
        bytes(received[REPLY.size : state_start]),
        bytes(received[state_start:text_start]),
        bytes(received[text_start:size]),
    )
    del received[:size]
    return reply


def read_status(reply: Reply) -> OutcomeStatus:
    if reply.status >= len(STATUSES):
        raise WireError("an unknown status")
    return STATUSES[reply.status]


def read_action(reply: Reply) -> Action:
    """The action in a reply, with every check that the SDK makes, made here again. Raises WireError."""
    if not 1 <= reply.side < len(SIDES) or reply.order_type >= len(ORDER_TYPES):
        raise WireError("an unknown side or order type")
    if reply.given >= 1 << len(OPTIONAL_NUMBERS):
        raise WireError("unknown optional numbers")
    given = {}
    if reply.given:
        given = {name: reply.numbers[1 + bit] for bit, name in enumerate(OPTIONAL_NUMBERS) if reply.given & 1 << bit}
    reason = " ".join(clean_text(read_text(reply.reason)).split()) if reply.reason else ""
    try:
        return Action(SIDES[reply.side], reply.numbers[0], reason, order_type=ORDER_TYPES[reply.order_type], **given)
    except ValueError as error:
        raise WireError(str(error)) from error


def read_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("text that is not UTF-8") from error


def read_json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object that can be stored and shown anywhere. Raises WireError."""
    if raw == b"{}":
        return {}
    try:
        value = _DECODER.decode(read_text(raw))
        check_json(value)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a JSON object: {error}") from error
    if not isinstance(value, dict):
        raise WireError("not a JSON object")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


# --- both sides

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def encode_json(value: Any) -> bytes:
    """Without spaces. Raises TypeError or ValueError for what is no JSON."""
    return _ENCODER.encode(value).encode()


def check_json(value: Any, depth: int = 0) -> None:
    """Raise ValueError, with a sentence, for what not every database and browser takes as JSON."""
    if value is None or isinstance(value, bool | int):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a JSON number")
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("a text holds a null or half a character")
    elif isinstance(value, dict | list | tuple):
        if depth >= STATE_DEPTH:
            raise ValueError(f"nested deeper than {STATE_DEPTH} levels")
        for key in value if isinstance(value, dict) else ():
            if not isinstance(key, str):
                raise ValueError(f"keys must be text, not {type(key).__name__}")  # noqa: TRY004
            check_json(key, depth + 1)
        for item in value.values() if isinstance(value, dict) else value:
            check_json(item, depth + 1)
    else:
        raise ValueError(f"{type(value).__name__} is not a JSON value")  # noqa: TRY004


def marker(nonce: int, number: int) -> bytes:
    """What the worker writes between the prints of two calls of a frame, so that the host can tell whose they are."""
    return b"\0end of call\0" + struct.pack("<QQ", nonce, number)


def without_markers(printed: bytes) -> bytes:
    return re.sub(rb"\0end of call\0.{16}", b"", printed, flags=re.DOTALL)


# Control characters (but newline and tab), and those that reorder text: they could forge what a reader sees.
_UNSAFE_RANGES = ((0, 8), (0x0B, 0x1F), (0x7F, 0x9F), (0x2028, 0x202E), (0x2066, 0x2069), (0xD800, 0xDFFF))
_UNSAFE = {code: "\ufffd" for first, last in _UNSAFE_RANGES for code in range(first, last + 1)}


def clean_text(text: str) -> str:
    return text.translate(_UNSAFE)
