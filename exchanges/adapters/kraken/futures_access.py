"""How the Kraken Futures adapter reaches its venue: every request goes through here, with its price and its clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from exchanges.adapters.kraken import futures_history as history
from exchanges.adapters.kraken import futures_wire as wire
from exchanges.adapters.kraken.futures_client import FuturesClient, Refusal
from exchanges.adapters.kraken.futures_errors import translate
from exchanges.adapters.kraken.futures_limits import LIMITS, cost_of
from exchanges.calls import CallingExchange, Parsed, Refused
from exchanges.errors import ExchangeError, TransientExchangeError

TRADING = "/derivatives/api/v3"
HISTORY = "/api/history/v3"
CLOCK_SYMBOL = "PF_XBTUSD"  # whose status is the smallest reply with the venue's time in it
EVENTS_PER_REQUEST = 1000
MOST_PAGES = 4  # of a history, in one look-up: each takes one of a hundred tokens


class FuturesAccess(CallingExchange):
    rate_limits = LIMITS

    @cached_property
    def _client(self) -> FuturesClient:
        return FuturesClient(
            self.api_key, self.api_secret, base_url=self.base_url, timeout_seconds=self.timeout_seconds
        )

    def close(self) -> None:
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    def _public(
        self,
        operation: str,
        endpoint: str,
        parse: Callable[[Any], Parsed],
        query: Mapping[str, Any] | None = None,
    ) -> Parsed:
        return self.call(operation, self._client.send, parse, endpoint=endpoint, query=query or {}, signed=False)

    def _signed(
        self,
        operation: str,
        endpoint: str,
        parse: Callable[[Any], Parsed],
        query: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        is_order: bool = False,
    ) -> Parsed:
        """A request with the key. An order is good for as long as we wait for the answer: one whose reply is lost is
        either at the venue by then, or never will be."""
        self.require_key(operation)
        return self.call(
            operation,
            self._client.send,
            parse,
            is_order=is_order,
            method=method,
            endpoint=endpoint,
            query=query or {},
            process_within=timedelta(seconds=self.timeout_seconds) if is_order else None,
        )

    def _history_pages(
        self, operation: str, kind: str, venue_symbol: str, more: Mapping[str, Any] | None = None
    ) -> Iterator[list[Mapping[str, Any]]]:
        """The events of one contract, newest first. Raises where there are more than we may ask for."""
        query = {"tradeable": venue_symbol, "sort": "desc", "count": EVENTS_PER_REQUEST, **(more or {})}
        for _ in range(MOST_PAGES):
            page, token = self._signed(
                operation,
                f"{HISTORY}/{kind}",
                lambda reply: (history.elements(reply), history.continuation(reply)),
                query,
            )
            yield page
            if not token or not page:
                return
            query = query | {"continuation_token": token}
        raise TransientExchangeError(
            f"Kraken's history of {venue_symbol} is too long to be searched any further back.",
            exchange=self.name,
            operation=operation,
            retry_after=60.0,
        )

    def translate(self, refused: Refused, *, operation: str, is_order: bool) -> ExchangeError:
        if not isinstance(refused, Refusal):
            raise TypeError(refused)
        return translate(refused, operation=operation, is_order=is_order)

    def costs(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        return cost_of(parameters.get("method", "GET"), parameters["endpoint"], parameters["query"])

    def told_usage(self) -> Mapping[str, float]:
        return self._client.used

    # --- the venue's clock
    def get_server_time(self) -> datetime:
        return self._public("get_server_time", f"{TRADING}/instruments/{CLOCK_SYMBOL}/status", wire.server_time)

    def measure_clock(self) -> None:
        self.get_server_time()  # every reply with a time in it sets the client's clock

    def _venue_now(self) -> datetime:
        if not self._client.clock_is_known:
            self.measure_clock()
        return self._client.venue_now()

    # --- symbols
    def _venue_symbol(self, symbol: str) -> str:
        return self.instrument(symbol).venue_symbol

    def _our_symbol(self, venue_symbol: str) -> str | None:
        """None of a contract that we do not offer. The venue spells them in capitals here and small letters there."""
        for instrument in self._listed_instruments().values():
            if instrument.venue_symbol.upper() == venue_symbol.upper():
                return instrument.symbol
        return None
