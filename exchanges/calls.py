"""`CallingExchange`: the one way that every request of an adapter over HTTP goes. No Django here.

A request costs something of the venue's budget, is sent, and its reply is read. A read is sent again after a pause
while that may help; an order never is. Whatever goes wrong comes out as one of the errors in `exchanges/errors.py`,
raised where no vendor exception is being handled: those hold signed URLs and keys.
"""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from decimal import InvalidOperation
from typing import Any, TypeVar

import requests

from exchanges.base import BaseExchange
from exchanges.errors import AuthenticationError, ExchangeError, OrderOutcomeUnknown, TransientExchangeError
from exchanges.rate_limits import OverBudget, Scope

Parsed = TypeVar("Parsed")

READ_ATTEMPTS = 3
RETRY_FIRST_SECONDS = 0.2  # doubled each time, with jitter
RETRY_LONGEST_SECONDS = 2.0  # a venue that asks for more gets its error raised instead
CLOCK_ATTEMPTS = 3
DEFAULT_RETRY_SECONDS = 1.0


class Refused(Exception):
    """A reply that is not the one asked for. Each adapter's client raises a subclass with what its table needs."""

    is_about_time = False  # the venue did not accept the request's timestamp or nonce; nothing was carried out
    stop_seconds = 0.0  # too many requests: for so long nobody may send anything
    stop_scope = Scope.ADDRESS


class Unreadable(Exception):
    """A reply with a good status whose content makes no sense."""


# What parsing a reply of another shape raises.
MALFORMED = (Unreadable, KeyError, IndexError, TypeError, ValueError, AttributeError, InvalidOperation)


class CallingExchange(BaseExchange):
    @abstractmethod
    def translate(self, refused: Refused, *, operation: str, is_order: bool) -> ExchangeError:
        """The venue's refusal as one of ours. `is_order`: a submit or a cancel, for which see `uncertain`."""

    def measure_clock(self) -> None:
        """Compare the venue's clock with ours. Where requests carry no time there is nothing to do."""

    def costs(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        """What the request takes from each of `rate_limits`, by name."""
        del operation, parameters
        return {}

    def told_usage(self) -> Mapping[str, float]:
        """What the venue said with its last reply is used up, by limit's name."""
        return {}

    def uncertain(
        self, message: str, *, operation: str, is_order: bool, retry_after: float = DEFAULT_RETRY_SECONDS
    ) -> ExchangeError:
        """Whether it happened, nobody knows: OrderOutcomeUnknown of an order, transient of a read."""
        if is_order:
            return OrderOutcomeUnknown(message, exchange=self.name, operation=operation)
        return TransientExchangeError(message, exchange=self.name, operation=operation, retry_after=retry_after)

    def require_key(self, operation: str) -> None:
        if not (self.api_key and self.api_secret):
            raise AuthenticationError("This needs an API key and secret.", exchange=self.name, operation=operation)

    def call(
        self,
        operation: str,
        send: Callable[..., Any],
        parse: Callable[[Any], Parsed],
        *,
        is_order: bool = False,
        **parameters: Any,
    ) -> Parsed:
        """`parse(send(**parameters))`, with retries, and with errors of ours only."""
        deadline = time.monotonic() + self.timeout_seconds
        attempt = 1
        while True:
            self._pay(operation, parameters, is_order=is_order, patience_seconds=deadline - time.monotonic())
            outcome = self._attempt(operation, send, parse, is_order, parameters)
            if not isinstance(outcome, ExchangeError):
                return outcome
            may_help = isinstance(outcome, TransientExchangeError) and not is_order
            pause = RETRY_FIRST_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
            if isinstance(outcome, TransientExchangeError) and outcome.retry_after > RETRY_LONGEST_SECONDS:
                may_help = False
            if not may_help or attempt >= READ_ATTEMPTS or time.monotonic() + pause > deadline:
                raise outcome
            time.sleep(pause)
            attempt += 1

    def _pay(self, operation: str, parameters: Mapping[str, Any], *, is_order: bool, patience_seconds: float) -> None:
        if self.budget is None:
            return
        try:
            self.budget.spend(
                self.rate_limits,
                self.costs(operation, parameters),
                is_order=is_order,
                patience_seconds=patience_seconds,
            )
        except OverBudget as over:
            raise TransientExchangeError(
                f"{self.title} allows no more requests at the moment.",
                exchange=self.name,
                operation=operation,
                retry_after=over.retry_after,
            ) from None

    def _learn(self, refused: Refused | None = None) -> None:
        if self.budget is None:
            return
        if told := self.told_usage():
            self.budget.learn(self.rate_limits, told)
        if refused is not None and refused.stop_seconds:
            self.budget.stop(refused.stop_seconds, refused.stop_scope)

    def _attempt(
        self,
        operation: str,
        send: Callable[..., Any],
        parse: Callable[[Any], Parsed],
        is_order: bool,
        parameters: dict[str, Any],
    ) -> Parsed | ExchangeError:
        for attempt in range(1, CLOCK_ATTEMPTS + 1):
            try:
                # A copy: a library may add the timestamp and the signature to what it is given.
                reply = send(**parameters)
                self._learn()
                return parse(reply)
            except Refused as refused:
                self._learn(refused)
                if refused.is_about_time and attempt < CLOCK_ATTEMPTS:
                    problem = self._corrected_clock()
                    if problem is None:
                        continue
                    return problem
                return self.translate(refused, operation=operation, is_order=is_order)
            except requests.Timeout:
                sentence = f"{self.title} did not answer within {self.timeout_seconds:g} seconds."
            except requests.RequestException:
                sentence = f"The connection to {self.title} failed."
            except MALFORMED:
                sentence = f"{self.title} answered with something that cannot be read."
            return self.uncertain(sentence, operation=operation, is_order=is_order)
        raise AssertionError("unreachable")

    def _corrected_clock(self) -> ExchangeError | None:
        try:
            self.measure_clock()
        except ExchangeError as error:
            return error
        return None
