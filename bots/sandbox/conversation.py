"""Talk with a worker within a deadline and believe nothing it says. Runs in the host.

`Worker.load` and `Worker.ask` turn whatever happens into Outcomes. A worker that breaks a rule is ended.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bots.sandbox import wire
from bots.sandbox.cores import SHORT_SECONDS, SharedCore
from bots.sandbox.process import Process
from bots.sandbox.tiers import Plan
from bots.sandbox.types import (
    AskRequest,
    BotPackage,
    Limits,
    Outcome,
    OutcomeStatus,
    PackageMismatch,
    SandboxUnavailable,
)
from bots.sandbox.verdicts import Ended, crash_verdict, place

READ_BYTES = 65536
TRACE_SECONDS = 0.1  # for the worker to write where it hangs before it is killed
MEMORY_LIMIT_CODE = wire.STATUSES.index(OutcomeStatus.MEMORY_LIMIT)


@dataclass(slots=True)
class _Answer:
    reply: wire.Reply
    log: str
    seconds: float


class Worker:
    """A process for one package, locked down and ready to load the bot's code.

    Once `alive` is False it is gone, and its owner drops it.
    """

    def __init__(self, package: BotPackage, limits: Limits, plan: Plan) -> None:
        """Raises SandboxUnavailable, or PackageMismatch when the files are not those of the manifest."""
        self.limits = limits
        self.code_names = [file.name for file in package.manifest if file.file_type == "CODE"]
        # Of the frame that is being answered, and how many of its requests have been.
        self._nonce = self._answered = 0
        self._received = bytearray()
        self._log = bytearray()
        try:
            self.process = Process(package, plan)
        except OSError as error:
            raise SandboxUnavailable(f"a worker could not be started: {error}") from error
        self.alive = True
        self._core = SharedCore(self.process.pid)
        self._idle_poll = select.poll()
        self._idle_poll.register(self.process.pidfd, select.POLLIN)
        self._idle_poll.register(self.process.replies, select.POLLIN)
        self._poll = select.poll()
        self._poll.register(self.process.replies, select.POLLIN)  # before the prints, see _take_log
        self._poll.register(self.process.prints, select.POLLIN)
        self._set_up(package)

    # --- what the pool asks for

    def load(self) -> Outcome:
        """Run the bot's code and load its files. Once, before the first `ask`."""
        frame = wire.encode_frame(wire.Kind.LOAD, self._new_nonce(), {})
        seconds, state_bytes = self.limits.start_up_seconds, self.limits.reply_bytes
        until = time.monotonic() + seconds
        [outcome] = self._converse(frame, [{}], self._load_outcome, seconds, until, state_bytes)
        return outcome

    def ask(self, requests: Sequence[AskRequest], until: float) -> list[Outcome]:
        """One outcome per request; fewer when the worker had to be ended, the last of which says why.

        `until`: the moment of time.monotonic() when the time for all of them is used up.
        """
        frame = wire.encode_ask(self._new_nonce(), requests)
        states = [request.state for request in requests]
        seconds, state_bytes = self.limits.wall_seconds, self.limits.state_bytes
        self._core.share()
        try:
            outcomes = self._converse(frame, states, self._ask_outcome, seconds, until, state_bytes)
        finally:
            self._core.leave()
        if self.alive and self.process.cpu_seconds() > self.limits.cpu_seconds / 2:
            self.end()  # in time, and not in the middle of a call
        return outcomes

    def is_usable(self) -> bool:
        """Whether the worker is still there and has said nothing since it was last asked."""
        return self.alive and not self._idle_poll.poll(0)

    def end(self) -> None:
        """Kill the process and forget it. Safe to call twice."""
        if self.alive:
            self.alive = False
            self.process.kill()
            self.process.close()

    def abandon(self) -> None:
        """After a fork: the process is the parent's."""
        if self.alive:
            self.alive = False
            self.process.close()

    def _set_up(self, package: BotPackage) -> None:
        header = {
            "manifest": [asdict(file) for file in package.manifest],
            "memory_bytes": self.limits.memory_bytes,
            "cpu_seconds": self.limits.cpu_seconds,
            "threads": self.limits.threads,
            "reply_bytes": self.limits.reply_bytes,
            "state_bytes": self.limits.state_bytes,
        }
        frame = wire.encode_frame(wire.Kind.SET_UP, self._new_nonce(), header)
        answers: list[_Answer] = []
        try:
            seconds = self.limits.start_up_seconds
            self._exchange(frame, 1, seconds, time.monotonic() + seconds, 0, answers)
        except Ended as ended:
            _, error = self._verdict(ended)
            log = self._cut_log(bytes(self._log))
            raise SandboxUnavailable(f"a worker did not start: {error}\n{log}".strip()) from None
        except BaseException:
            self.end()
            raise
        [answer] = answers
        if answer.reply.status == wire.MISMATCH:
            self.end()
            raise PackageMismatch(answer.reply.text.decode("utf-8", "replace"))

    # --- the conversation

    def _new_nonce(self) -> int:
        """Random for every frame: nobody can answer ahead what has not been asked."""
        self._nonce, self._answered = secrets.randbits(64), 0
        return self._nonce

    def _converse(
        self,
        frame: bytes,
        states: Sequence[dict[str, Any]],
        read: Callable[[_Answer, dict[str, Any]], Outcome],
        seconds: float,
        until: float,
        state_bytes: int,
    ) -> list[Outcome]:
        """Send a frame and read its replies, one per state. The process runs only while this does."""
        outcomes: list[Outcome] = []
        answers: list[_Answer] = []
        started = time.monotonic()
        ended: Ended | None = None
        try:
            try:
                self._exchange(frame, len(states), seconds, until, state_bytes, answers)
            except Ended as error:
                ended = error
            try:
                for answer in answers:
                    outcomes.append(read(answer, states[len(outcomes)]))
            except wire.WireError as error:
                ended = Ended(OutcomeStatus.PROTOCOL_ERROR, str(error))
            if ended is not None:
                spent = time.monotonic() - started - sum(outcome.duration_seconds for outcome in outcomes)
                # With every request answered it is about the last answer: not to be trusted then.
                del outcomes[len(states) - 1 :]
                outcomes.append(self._last_outcome(ended, states[len(outcomes)], spent))
            elif outcomes[-1].status is OutcomeStatus.MEMORY_LIMIT:
                self.end()
            else:
                self.process.signal(signal.SIGSTOP)
        except BaseException:
            # Interrupted in the middle (a task's time limit, Ctrl-C): nobody knows what the pipes hold now.
            self.end()
            raise
        return outcomes

    def _exchange(
        self, frame: bytes, count: int, seconds: float, until: float, state_bytes: int, answers: list[_Answer]
    ) -> None:
        """Write the frame and collect `count` replies; each has `seconds` from the one before, all have `until`.

        Fewer replies than asked for when one says that the memory is full. Raises Ended.
        """
        process = self.process
        started = time.monotonic()
        short_until = started + SHORT_SECONDS
        to_send = self._send(memoryview(frame))
        process.signal(signal.SIGCONT)  # after the first write: woken up once, to find its work
        if to_send:
            self._poll.register(process.requests, select.POLLOUT)
        try:
            while len(answers) < count:
                reply = self._take_reply(state_bytes)
                if reply is not None:
                    now = time.monotonic()
                    answers.append(_Answer(reply, self._take_log(is_last=len(answers) == count - 1), now - started))
                    self._answered += 1
                    started = now
                    if reply.status == MEMORY_LIMIT_CODE:
                        return  # what filled the memory may still be there: not for the next one to suffer
                    continue
                now = time.monotonic()
                left = min(started + seconds, until) - now
                if left <= 0:
                    raise Ended(OutcomeStatus.TIME_LIMIT, self._late(seconds, until < started + seconds))
                if self._core.allowed and now >= short_until:
                    self._core.free()
                wait = SHORT_SECONDS if self._core.allowed else left
                for descriptor, _event in self._poll.poll(wait * 1000 + 1):
                    if descriptor == process.requests:
                        to_send = self._send(to_send)
                        if not to_send:
                            self._poll.unregister(process.requests)
                    elif descriptor == process.replies:
                        self._receive()
                    else:
                        while self._drain_prints():
                            pass
        finally:
            if to_send:
                self._poll.unregister(process.requests)
        if to_send or self._received:
            raise Ended(OutcomeStatus.PROTOCOL_ERROR, "an answer that was not asked for")

    def _late(self, seconds: float, is_ask_used_up: bool) -> str:
        if is_ask_used_up:
            return f"the {self.limits.ask_seconds:g} seconds for all calls at one candle are used up"
        return f"no answer within {seconds:g} seconds"

    def _send(self, data: memoryview) -> memoryview:
        try:
            return data[os.write(self.process.requests, data) :]
        except BlockingIOError:
            return data
        except BrokenPipeError:
            raise Ended(None, "the process ended") from None

    def _receive(self) -> None:
        chunk = os.read(self.process.replies, READ_BYTES)
        if not chunk:
            raise Ended(None, "the process ended")
        self._received += chunk

    def _take_reply(self, state_bytes: int) -> wire.Reply | None:
        try:
            return wire.decode_reply(self._received, self._nonce, self._answered, state_bytes=state_bytes)
        except wire.WireError as error:
            raise Ended(OutcomeStatus.PROTOCOL_ERROR, str(error)) from None

    # --- what the bot prints

    def _drain_prints(self) -> bool:
        """Read what is there, so that a bot that prints never waits. False when there is nothing."""
        try:
            chunk = os.read(self.process.prints, READ_BYTES)
        except BlockingIOError:
            return False
        if not chunk:  # closed by the bot, or the process has ended
            with contextlib.suppress(KeyError):
                self._poll.unregister(self.process.prints)
            return False
        self._log += chunk
        limit = self.limits.printed_bytes
        if len(self._log) > limit:
            raise Ended(OutcomeStatus.OUTPUT_LIMIT, f"more than {limit} bytes were printed in one call")
        return True

    def _take_log(self, *, is_last: bool) -> str:
        """What was printed up to the marker of this call; without one (the bot closed the pipe) all of it.

        No marker stands behind the last call of a frame. Its prints are all here: they were written before the reply,
        and `_poll` looks at the prints after it has looked at the replies.
        """
        if is_last:
            log = self._cut_log(bytes(self._log)) if self._log else ""
            self._log.clear()
            return log
        marker = wire.marker(self._nonce, self._answered)
        while (end := self._log.find(marker)) < 0:
            if not self._drain_prints():
                end = len(self._log)
                break
        log = self._cut_log(bytes(self._log[:end]))
        del self._log[: end + len(marker)]
        return log

    def _cut_log(self, raw: bytes) -> str:
        raw = wire.without_markers(raw)
        kept = wire.clean_text(raw[: self.limits.log_bytes].decode("utf-8", "replace"))
        dropped = len(raw) - self.limits.log_bytes
        return kept if dropped <= 0 else f"{kept}\n({dropped} more bytes were printed)"

    # --- replies to outcomes

    def _load_outcome(self, answer: _Answer, _state: dict[str, Any]) -> Outcome:
        status = wire.read_status(answer.reply)
        description = wire.read_json_object(answer.reply.state) if answer.reply.state else None
        if status is OutcomeStatus.OK and description is None:
            raise wire.WireError("a bot without a description")
        return Outcome(
            status,
            log=answer.log,
            error=wire.clean_text(wire.read_text(answer.reply.text)),
            duration_seconds=answer.seconds,
            description=description,
        )

    def _ask_outcome(self, answer: _Answer, state: dict[str, Any]) -> Outcome:
        reply = answer.reply
        status = wire.read_status(reply)
        if status is OutcomeStatus.OK:
            action, new_state = wire.read_action(reply), wire.read_json_object(reply.state)
            return Outcome(status, action, new_state, answer.log, duration_seconds=answer.seconds)
        error = wire.clean_text(wire.read_text(reply.text))
        return Outcome(status, None, state, answer.log, error, answer.seconds)

    # --- the end

    def _last_outcome(self, ended: Ended, state: dict[str, Any], seconds: float) -> Outcome:
        status, error = self._verdict(ended)
        return Outcome(status, None, state, self._cut_log(bytes(self._log)), error, seconds)

    def _verdict(self, ended: Ended) -> tuple[OutcomeStatus, str]:
        """End the worker, and say in words why."""
        printed = len(self._log)
        if ended.status is OutcomeStatus.TIME_LIMIT:
            self._await_stack()
        if ended.status is None and not self.process.ends_by_itself():
            ended = Ended(OutcomeStatus.PROTOCOL_ERROR, "the pipe for answers was closed")
        self.alive = False
        cpu_seconds = self.process.kill()
        with contextlib.suppress(Ended):
            while self._drain_prints():
                pass
        self.process.close()
        if ended.status is None:
            return crash_verdict(
                self.process.exit_code,
                self._cut_crash_report(),
                cpu_seconds=cpu_seconds,
                limits=self.limits,
                code_names=self.code_names,
            )
        where = ""
        if ended.status is OutcomeStatus.TIME_LIMIT:
            where = place(bytes(self._log[printed:]), self.code_names)
            del self._log[printed:]
        return ended.status, f"{ended.error}{where}"

    def _await_stack(self) -> None:
        """Have the worker's faulthandler write to the log where it hangs."""
        printed = len(self._log)
        self.process.signal(signal.SIGUSR1)
        deadline = time.monotonic() + TRACE_SECONDS
        poll = select.poll()
        poll.register(self.process.prints, select.POLLIN)
        with contextlib.suppress(Ended):
            while (left := deadline - time.monotonic()) > 0:
                if not poll.poll(left * 1000) or not self._drain_prints():
                    return
                if b"serve.py" in self._log[printed:]:  # past the bot's own frames
                    return

    def _cut_crash_report(self) -> bytes:
        """What faulthandler, or else anything, wrote last; the former is for us and not for the log."""
        start = self._log.rfind(b"Fatal Python error")
        if start < 0:
            return bytes(self._log[-READ_BYTES:])
        crash = bytes(self._log[start:])
        del self._log[start:]
        return crash
