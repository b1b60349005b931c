"""The worker's loop: read a frame, ask the bot, write the replies. Runs in the worker."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import signal
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from bot_sdk.action import Action, ReasonTooLong
from bot_sdk.bot import CustomBot
from bot_sdk.runtime import (
    BotDefinitionError,
    WrongReturnType,
    ask_bot,
    create_bot,
)
from bots.sandbox import wire
from bots.sandbox.frames import candles_frame
from bots.sandbox.loader import (
    LoadedBot,
    Mismatch,
    bot_traceback,
    is_memory_error,
    load_bot,
    read_files,
)
from bots.sandbox.types import OutcomeStatus, PackageFile

MAX_INSTANCES = 1000  # streams of one version kept ready; more are made anew when asked
BUFFER_BYTES = 256 * 1024  # a frame about ten streams on two markets


class OutputTooLarge(Exception):
    """What the bot wants to hand back is longer than its limit: a sentence."""


class StateError(Exception):
    """The bot's state cannot be kept: a sentence."""


class Server:
    """Serves one bot version until the host closes the pipe or kills the process."""

    def __init__(
        self, request_fd: int, reply_fd: int, file_fds: Sequence[int], seal: Callable[[dict[str, Any]], None]
    ) -> None:
        """`seal(limits)` is called before the bot's code is looked at, and locks this process down."""
        self.requests = io.FileIO(request_fd)
        self.buffer = bytearray(BUFFER_BYTES)
        self.reply_fd = reply_fd
        self.file_fds = file_fds
        self.seal = seal
        self.manifest: list[PackageFile] = []
        self.contents: dict[str, bytes] = {}
        self.code_names: list[str] = []
        self.reply_bytes = self.state_bytes = 0
        self.bot: LoadedBot | None = None
        self.instances: OrderedDict[str, tuple[dict[str, Any], CustomBot]] = OrderedDict()

    def run(self) -> None:
        handlers: dict[int, Callable[[int, dict[str, Any], memoryview], None]] = {
            wire.Kind.SET_UP: self._set_up,
            wire.Kind.LOAD: self._load,
            wire.Kind.ASK: self._ask_all,
        }
        while True:
            kind, nonce, header, body = self._read_frame()
            handlers[kind](nonce, header, body)

    # --- before the bot's code runs

    def _set_up(self, nonce: int, header: dict[str, Any], _body: memoryview) -> None:
        self.manifest = [PackageFile(**file) for file in header["manifest"]]
        self.code_names = [file.name for file in self.manifest if file.file_type == "CODE"]
        self.reply_bytes = header["reply_bytes"]
        self.state_bytes = header["state_bytes"]
        _prepare_output()
        status, text = 0, ""
        try:
            self.contents = read_files(self.file_fds, self.manifest)
        except Mismatch as error:
            status, text = wire.MISMATCH, str(error)
        self.seal(header)
        self._reply(wire.encode_reply(nonce, 0, status, text=text))

    # --- from here on the process may do whatever the bot wants

    def _load(self, nonce: int, _header: dict[str, Any], _body: memoryview) -> None:
        status, text, description = OutcomeStatus.OK, "", b""
        try:
            self.bot = load_bot(self.manifest, self.contents)
            self.contents = {}
            description = self._encode_description(self.bot)
            if self.bot.file_errors:
                status, text = OutcomeStatus.RUNTIME_ERROR, self.bot.file_errors
        except BaseException as error:  # noqa: BLE001  (bot code may raise anything, SystemExit included)
            status, text = self._judge(error)
        code = wire.STATUSES.index(status)
        self._reply(wire.encode_reply(nonce, 0, code, state=description, text=text))

    def _encode_description(self, bot: LoadedBot) -> bytes:
        wire.check_json(bot.description)
        description = wire.encode_json(bot.description)
        if len(description) > self.reply_bytes:
            raise OutputTooLarge(
                f"default_config and config_schema have {len(description)} bytes, at most {self.reply_bytes} fit"
            )
        return description

    def _ask_all(self, nonce: int, header: dict[str, Any], body: memoryview) -> None:
        blocks = wire.decode_blocks(body, header["lengths"])
        for number, (stream, config, state, block) in enumerate(header["requests"]):
            if number:
                self._mark_prints(nonce, number - 1)
            _reopen_output()
            try:
                bot = self._instance(stream, config)
                bot.state = state
                action = ask_bot(bot, candles_frame(blocks[block]))
                reply = self._encode_action(nonce, number, action, bot.state)
            except BaseException as error:  # noqa: BLE001  (bot code may raise anything, SystemExit included)
                # What an instance is worth after an error is unknown: the next call makes a new one.
                self.instances.pop(stream, None)
                status, text = self._judge(error)
                reply = wire.encode_reply(nonce, number, wire.STATUSES.index(status), text=text)
            self._reply(reply)

    def _instance(self, stream: str, config: dict[str, Any]) -> CustomBot:
        known = self.instances.get(stream)
        if known is not None and known[0] == config:
            self.instances.move_to_end(stream)
            return known[1]
        if self.bot is None:
            raise BotDefinitionError("the bot has not been loaded")
        bot = create_bot(self.bot.bot_class, strategy_config=dict(config), models=self.bot.models)
        self.instances[stream] = (config, bot)
        if len(self.instances) > MAX_INSTANCES:
            self.instances.popitem(last=False)
        return bot

    def _encode_action(self, nonce: int, number: int, action: Action, state: Any) -> bytes:
        encoded = self._encode_state(state)
        try:
            reply = wire.encode_reply(nonce, number, 0, action=action, state=encoded)
        except Exception as error:
            raise WrongReturnType("the Action holds values that an Action does not take") from error
        if len(reply) > self.reply_bytes:
            raise OutputTooLarge(f"the answer has {len(reply)} bytes, at most {self.reply_bytes} fit")
        return reply

    def _encode_state(self, state: Any) -> bytes:
        if not isinstance(state, dict):
            raise StateError(f"state must be a dict, not {type(state).__name__}")
        if not state:
            return b"{}"
        try:
            wire.check_json(state)
            encoded = wire.encode_json(state)
        except (TypeError, ValueError) as error:
            raise StateError(f"state must hold JSON values only: {error}") from error
        if len(encoded) > self.state_bytes:
            raise OutputTooLarge(f"state has {len(encoded)} bytes, at most {self.state_bytes} are kept")
        return encoded

    def _judge(self, error: BaseException) -> tuple[OutcomeStatus, str]:
        if is_memory_error(error):
            return OutcomeStatus.MEMORY_LIMIT, "the bot used more memory than it may"
        if isinstance(error, ReasonTooLong | OutputTooLarge):
            return OutcomeStatus.OUTPUT_LIMIT, str(error)
        if isinstance(error, WrongReturnType):
            return OutcomeStatus.PROTOCOL_ERROR, str(error)
        if isinstance(error, BotDefinitionError | StateError):
            return OutcomeStatus.RUNTIME_ERROR, str(error)
        return OutcomeStatus.RUNTIME_ERROR, bot_traceback(error, self.code_names)

    # --- pipes

    def _read_frame(self) -> tuple[int, int, dict[str, Any], memoryview]:
        """Kind, nonce, header, and the body, which is overwritten by the next frame."""
        received = self._read_until(0, wire.FRAME.size)
        kind, header_length, body_length, nonce = wire.FRAME.unpack_from(self.buffer)
        body_start = wire.FRAME.size + header_length
        size = body_start + body_length
        if size > len(self.buffer):
            # A new one: the old one cannot grow while a view of the last frame's body is left.
            self.buffer, old = bytearray(size), self.buffer
            self.buffer[:received] = old[:received]
        self._read_until(received, size)
        header = json.loads(self.buffer[wire.FRAME.size : body_start].decode())
        return kind, nonce, header, memoryview(self.buffer)[body_start:size]

    def _read_until(self, received: int, size: int) -> int:
        """The host sends one frame and waits: whatever comes belongs to it."""
        while received < size:
            count = self.requests.readinto(memoryview(self.buffer)[received:])
            if not count:
                os._exit(0)  # the host closed the pipe
            received += count
        return received

    def _reply(self, reply: bytes) -> None:
        # The prints first: whoever has the reply can have the prints.
        _flush_output()
        view = memoryview(reply)
        while view:
            view = view[os.write(self.reply_fd, view) :]

    def _mark_prints(self, nonce: int, number: int) -> None:
        """What was printed so far belongs to that request. Behind a frame's last one there is nothing to tell apart."""
        with contextlib.suppress(OSError):
            os.write(1, wire.marker(nonce, number))


def _prepare_output() -> None:
    _reopen_output()
    # Into the log: where a bot crashed, and (on the host's signal at the deadline) where it hangs.
    faulthandler.enable(file=2, all_threads=False)
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)


def _flush_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110  (it may be anything that the bot put there)
            pass


def _reopen_output() -> None:
    """Both streams go to the log pipe, line by line; a bot that closed one gets it back."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        ours = _streams.get(name)
        if ours is None or ours.closed:
            ours = io.TextIOWrapper(
                io.FileIO(number, "w", closefd=False), encoding="utf-8", errors="replace", line_buffering=True
            )
            _streams[name] = ours
        setattr(sys, name, ours)


_streams: dict[str, io.TextIOWrapper] = {}
