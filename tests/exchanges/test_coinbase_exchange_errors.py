"""Coinbase Exchange's refusals, sentence by sentence: what they become of a read, a submit and a cancel."""

from __future__ import annotations

from typing import Any

import pytest

from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from tests.exchanges.coinbase_exchange_replies import (
    ACCOUNTS,
    BUY_LIMIT,
    BY_CLIENT_OID,
    DELETE,
    ENTRY,
    MINE,
    PLACE,
    TIME,
    CoinbaseExchange,
    _exchange_server,
    exchange,
    venue,
)
from tests.exchanges.scripted import Script

__all__ = ["_exchange_server", "exchange", "venue"]
Auth, Unknown, Transient = AuthenticationError, OrderOutcomeUnknown, TransientExchangeError

# HTTP status, message -> of a read of the account, of an order
CASES: list[tuple[int, str | None, type[ExchangeError], type[ExchangeError]]] = [
    (400, "Insufficient funds", InsufficientFunds, InsufficientFunds),
    (400, "Insufficient balance", InsufficientFunds, InsufficientFunds),
    (400, "size is too small. Minimum size is 0.00100000", InvalidOrder, InvalidOrder),
    (400, "Order size is too small. Minimum size is 0.01", InvalidOrder, InvalidOrder),
    (400, "funds is too small. Minimum size is 5.00000000", InvalidOrder, InvalidOrder),
    (400, "notional is too small. Minimum is 1", InvalidOrder, InvalidOrder),
    (400, "price too small", InvalidOrder, InvalidOrder),
    (400, "size is too large. Maximum size is 280.00000000", InvalidOrder, InvalidOrder),
    (400, "size is too accurate. Smallest unit is 1.00000000", InvalidOrder, InvalidOrder),
    (400, "price is too accurate. Smallest unit is 0.01000000", InvalidOrder, InvalidOrder),
    (400, "price too precise", InvalidOrder, InvalidOrder),
    (400, "Invalid price", InvalidOrder, InvalidOrder),
    (400, "Invalid size", InvalidOrder, InvalidOrder),
    (400, "Invalid funds", InvalidOrder, InvalidOrder),
    (400, "Invalid side", InvalidOrder, InvalidOrder),
    (400, "Invalid type market", InvalidOrder, InvalidOrder),
    (400, "Invalid stop", InvalidOrder, InvalidOrder),
    (400, "stop price must be below limit price", InvalidOrder, InvalidOrder),
    (400, "stop_price is required", InvalidOrder, InvalidOrder),
    (400, "Invalid client_oid", InvalidOrder, InvalidOrder),
    (400, "Duplicate client_oid", Transient, Unknown),
    (400, "Invalid order id", InvalidOrder, InvalidOrder),
    (400, "Product not found", InvalidOrder, InvalidOrder),
    (400, "Invalid product_id", InvalidOrder, InvalidOrder),
    (400, "BTC-DOGE is not a valid product", InvalidOrder, InvalidOrder),
    (400, "Limit only mode", OrderRejected, OrderRejected),
    (400, "Post only mode", OrderRejected, OrderRejected),
    (400, "Cancel only mode", OrderRejected, OrderRejected),
    (400, "Trading is disabled", OrderRejected, OrderRejected),
    (400, "Trading pair not available", OrderRejected, OrderRejected),
    (400, "max open orders exceeded", OrderRejected, OrderRejected),
    (400, "post only", InvalidOrder, InvalidOrder),
    (400, "Order already done", InvalidOrder, OrderNotFound),
    (404, "order not found", InvalidOrder, OrderNotFound),
    (404, "NotFound", InvalidOrder, OrderNotFound),
    (404, None, Transient, OrderNotFound),
    (401, "Invalid API Key", Auth, Auth),
    (400, "Invalid API Key", Auth, Auth),
    (401, "invalid signature", Auth, Auth),
    (400, "invalid signature", Auth, Auth),
    (401, "Invalid Passphrase", Auth, Auth),
    (400, "Invalid Passphrase", Auth, Auth),
    (401, "Unauthorized.", Auth, Auth),
    (400, "Unauthorized.", Auth, Auth),
    (401, None, Auth, Auth),
    (403, "Forbidden", Auth, Auth),
    (400, "Forbidden", Auth, Auth),
    (403, "IP does not match IP whitelist", Auth, Auth),
    (400, "IP does not match IP whitelist", Auth, Auth),
    (403, "insufficient permissions", Auth, Auth),
    (400, "insufficient permissions", Auth, Auth),
    (403, None, Transient, Unknown),  # a firewall's page
    (401, "request timestamp expired", Transient, Transient),
    (400, "request timestamp expired", Transient, Transient),
    (400, "invalid timestamp", Transient, Transient),
    (429, "Private rate limit exceeded", Transient, Unknown),
    (400, "Private rate limit exceeded", Transient, Unknown),
    (429, None, Transient, Unknown),
    (400, "The exchange is under maintenance", Transient, Unknown),
    (400, "A sentence that nobody has seen", Transient, Unknown),
    (400, None, Transient, Unknown),
    (302, None, Transient, Unknown),
    (500, "Insufficient funds", Transient, Unknown),
    (502, None, Transient, Unknown),
    (503, "Service is under maintenance", Transient, Unknown),
]


def test_the_table_of_this_file_is_complete() -> None:
    from exchanges.adapters.coinbase_exchange.errors import MESSAGES

    said = [message.lower() for _, message, *_ in CASES if message]
    missing = {phrase for phrase in MESSAGES if not any(phrase in message for message in said)}
    assert missing == {"unreadable key"}


@pytest.mark.parametrize(("status", "message", "of_a_read", "of_an_order"), CASES)
def test_every_sentence(
    exchange: CoinbaseExchange,
    venue: Script,
    status: int,
    message: str | None,
    of_a_read: type[ExchangeError],
    of_an_order: type[ExchangeError],
) -> None:
    reply: tuple[int, Any] = (status, "<html>" if message is None else {"message": message})
    venue.defaults[TIME] = (200, {"epoch": 1_767_614_400.5})
    for request, call, wanted in (
        (ACCOUNTS, exchange.get_balances, of_a_read),
        (PLACE, lambda: exchange.submit_order(BUY_LIMIT), of_an_order),
        (DELETE, lambda: exchange.cancel_order("BTC/USD", MINE), of_an_order),
    ):
        venue.answer(BY_CLIENT_OID, (200, ENTRY))
        venue.answer(request, *[reply] * 9)
        with pytest.raises(ExchangeError) as caught:
            call()
        assert type(caught.value) is wanted
        assert caught.value.exchange == "COINBASE_EXCHANGE"
        assert len(caught.value.message) > 10
    if "timestamp" not in (message or ""):
        assert len(venue.of(PLACE)) == len(venue.of(DELETE)) == 1
