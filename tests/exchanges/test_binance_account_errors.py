"""Binance's refusals on margin and futures, code by code: what they become of a submit and of a read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchanges.adapters.binance import BinanceFutures, BinanceMargin
from exchanges.adapters.binance.client import Refusal
from exchanges.adapters.binance.errors import FUTURES, MARGIN, REQUEST_AT_FAULT, SPOT, translate
from exchanges.base import MarketType, OrderRequest, OrderType, Side
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
from exchanges.rate_limits import Scope
from tests.exchanges.binance_accounts import futures, margin
from tests.exchanges.conftest import StandIn

__all__ = ["futures", "margin"]
Auth, Unknown, Transient = AuthenticationError, OrderOutcomeUnknown, TransientExchangeError
Case = tuple[int, int, str, type[ExchangeError], type[ExchangeError]]

# HTTP status, code, message -> of a read, of an order
MARGIN_CASES: list[Case] = [
    (400, -2010, "Account has insufficient balance for requested action.", InsufficientFunds, InsufficientFunds),
    (400, -2013, "Order does not exist.", OrderNotFound, OrderNotFound),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", Auth, Auth),
    (400, -3000, "Internal server error.", Transient, Unknown),
    (400, -3001, "Please enable 2FA first.", Auth, Auth),
    (400, -3003, "Margin account does not exist.", Auth, Auth),
    (400, -3004, "Trade not allowed.", OrderRejected, OrderRejected),
    (400, -3006, "Your borrow amount has exceed maximum borrow amount.", InsufficientFunds, InsufficientFunds),
    (400, -3007, "You have pending transaction, please try again later..", Transient, Unknown),
    (400, -3008, "Borrow not allowed. Your borrow amount has exceed maximum.", InsufficientFunds, InsufficientFunds),
    (400, -3012, "Borrow is banned for this asset.", OrderRejected, OrderRejected),
    (400, -3013, "Borrow amount less than minimum borrow amount.", OrderRejected, OrderRejected),
    (400, -3014, "Borrow is banned for this account.", Auth, Auth),
    (400, -3015, "Repay amount exceeds borrow amount.", OrderRejected, OrderRejected),
    (400, -3016, "Repay amount less than minimum repay amount.", OrderRejected, OrderRejected),
    (400, -3021, "Margin account are not allowed to trade this trading pair.", InvalidOrder, InvalidOrder),
    (400, -3022, "You account's trading is banned.", Auth, Auth),
    (400, -3023, "You can't transfer out/place order under current margin level.", *[InsufficientFunds] * 2),
    (400, -3024, "The unpaid debt is too small after this repayment.", OrderRejected, OrderRejected),
    (400, -3027, "Not a valid margin asset.", InvalidOrder, InvalidOrder),
    (400, -3028, "Not a valid margin pair.", InvalidOrder, InvalidOrder),
    (400, -3036, "This account is not allowed to repay.", Auth, Auth),
    (400, -3041, "Balance is not enough", InsufficientFunds, InsufficientFunds),
    (400, -3044, "System busy.", Transient, Unknown),
    (400, -3045, "The system doesn't have enough asset now.", OrderRejected, OrderRejected),
    (400, -3064, "Limit price needs to be within (-15%,15%) of current index price.", InvalidOrder, InvalidOrder),
    (400, -3067, "This asset is currently not a supported margin asset.", InvalidOrder, InvalidOrder),
    (400, -11001, "Isolated margin account doesn't exist.", OrderRejected, OrderRejected),
    (400, -11002, "Trade not allowed.", InvalidOrder, InvalidOrder),
    (400, -11007, "The isolated margin account is disabled.", OrderRejected, OrderRejected),
    (400, -11008, "Exceeding the account's maximum borrowable limit.", InsufficientFunds, InsufficientFunds),
    (400, -20204, "Filter failure: NOTIONAL.", InvalidOrder, InvalidOrder),
    (400, -3999, "A code that is in no table.", Transient, Unknown),
]
FUTURES_CASES: list[Case] = [
    (400, -1000, "An unknown error occurred while processing the request.", Transient, Unknown),
    (503, -1000, "Unknown error, please check your request or try again later.", Transient, Unknown),
    (503, 0, "Service Unavailable.", Transient, Transient),
    (503, -1001, "Internal error; unable to process your request. Please try again.", Transient, Transient),
    (503, -1008, "Request throttled by system-level protection.", Transient, Unknown),
    (429, -1003, "Too many requests.", Transient, Unknown),
    (429, -1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS.", Transient, Unknown),
    (400, -1102, "Mandatory parameter 'quantity' was not sent.", InvalidOrder, InvalidOrder),
    (400, -1111, "Precision is over the maximum defined for this asset.", InvalidOrder, InvalidOrder),
    (400, -1121, "Invalid symbol.", InvalidOrder, InvalidOrder),
    (400, -2011, "Unknown order sent.", OrderNotFound, OrderNotFound),
    (400, -2013, "Order does not exist.", OrderNotFound, OrderNotFound),
    (401, -2014, "API-key format invalid.", Auth, Auth),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", Auth, Auth),
    (400, -2017, "API Keys are locked on this account.", Auth, Auth),
    (400, -2018, "Balance is insufficient.", InsufficientFunds, InsufficientFunds),
    (400, -2019, "Margin is insufficient.", InsufficientFunds, InsufficientFunds),
    (400, -2020, "Unable to fill.", OrderRejected, OrderRejected),
    (400, -2021, "Order would immediately trigger.", InvalidOrder, InvalidOrder),
    (400, -2022, "ReduceOnly Order is rejected.", OrderRejected, OrderRejected),
    (400, -2023, "User in liquidation mode now.", OrderRejected, OrderRejected),
    (400, -2024, "Position is not sufficient.", OrderRejected, OrderRejected),
    (400, -2025, "Reach max open order limit.", OrderRejected, OrderRejected),
    (400, -2026, "This OrderType is not supported when reduceOnly.", InvalidOrder, InvalidOrder),
    (400, -2027, "Exceeded the maximum allowable position at current leverage.", OrderRejected, OrderRejected),
    (400, -2028, "Leverage is smaller than permitted: insufficient margin balance.", *[InsufficientFunds] * 2),
    (400, -4003, "Quantity less than or equal to zero.", InvalidOrder, InvalidOrder),
    (400, -4005, "Quantity greater than max quantity.", InvalidOrder, InvalidOrder),
    (400, -4014, "Price not increased by tick size.", InvalidOrder, InvalidOrder),
    (400, -4016, "Limit price can't be higher than 110000.", InvalidOrder, InvalidOrder),
    (400, -4024, "Limit price can't be lower than 90000.", InvalidOrder, InvalidOrder),
    (400, -4028, "Leverage 200 is not valid", InvalidOrder, InvalidOrder),
    (400, -4045, "Reach max stop order limit.", OrderRejected, OrderRejected),
    (400, -4046, "No need to change margin type.", OrderRejected, OrderRejected),
    (400, -4047, "Margin type cannot be changed if there exists open orders.", OrderRejected, OrderRejected),
    (400, -4048, "Margin type cannot be changed if there exists position.", OrderRejected, OrderRejected),
    (400, -4050, "Cross balance insufficient.", InsufficientFunds, InsufficientFunds),
    (400, -4051, "Isolated balance insufficient.", InsufficientFunds, InsufficientFunds),
    (400, -4056, "Invalid api key type.", Auth, Auth),
    (400, -4057, "Invalid api public key", Auth, Auth),
    (400, -4061, "Order's position side does not match user's setting.", InvalidOrder, InvalidOrder),
    (400, -4062, "Invalid or improper reduceOnly value.", InvalidOrder, InvalidOrder),
    (400, -4067, "Position side cannot be changed if there exists open orders.", OrderRejected, OrderRejected),
    (400, -4068, "Position side cannot be changed if there exists position.", OrderRejected, OrderRejected),
    (400, -4087, "User can only place reduce only order", OrderRejected, OrderRejected),
    (400, -4088, "User can not place order currently", Auth, Auth),
    (400, -4109, "This account is inactive, please activate the account.", Auth, Auth),
    (400, -4116, "ClientOrderId is duplicated.", Transient, Unknown),
    (400, -4117, "stop order is triggering", OrderRejected, OrderRejected),
    (400, -4118, "ReduceOnly Order Failed. Please check your existing position.", OrderRejected, OrderRejected),
    (400, -4120, "Order type not supported for this endpoint. Please use the Algo Order API.", *[InvalidOrder] * 2),
    (400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", *[OrderRejected] * 2),
    (400, -4140, "Invalid symbol status for opening position.", OrderRejected, OrderRejected),
    (400, -4141, "Symbol is closed.", OrderRejected, OrderRejected),
    (400, -4161, "Leverage reduction is not supported in Isolated Margin Mode.", OrderRejected, OrderRejected),
    (400, -4164, "Order's notional must be no smaller than 100 (unless you choose reduce only)", *[InvalidOrder] * 2),
    (400, -4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.", *[OrderRejected] * 2),
    (400, -4183, "Price is higher than stop price multiplier cap.", InvalidOrder, InvalidOrder),
    (400, -4192, "Trade forbidden due to Cooling-off Period.", OrderRejected, OrderRejected),
    (400, -4202, "Intermediate Personal Verification is required.", OrderRejected, OrderRejected),
    (400, -4203, "More than 20x leverage is available one month after registration.", *[OrderRejected] * 2),
    (400, -4205, "More than 20x leverage is available later.", OrderRejected, OrderRejected),
    (400, -4206, "Leverage is limited.", OrderRejected, OrderRejected),
    (400, -4208, "Current symbol leverage cannot exceed 20.", OrderRejected, OrderRejected),
    (400, -4209, "The max leverage of Symbol is 20x", OrderRejected, OrderRejected),
    (400, -4400, "Futures Trading Quantitative Rules violated.", OrderRejected, OrderRejected),
    (400, -4401, "Only reduceOnly order is allowed.", OrderRejected, OrderRejected),
    (400, -4402, "This feature is currently not available in your region.", OrderRejected, OrderRejected),
    (400, -4403, "The leverage can only up to 10x in your region", OrderRejected, OrderRejected),
    (400, -5021, "Due to the order could not be filled immediately, the FOK order has been rejected.",
     OrderRejected, OrderRejected),
    (400, -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.",
     OrderRejected, OrderRejected),
    (400, -20121, "Invalid symbol.", InvalidOrder, InvalidOrder),
    (400, -20124, "Invalid algo id or it has been completed.", OrderNotFound, OrderNotFound),
    (400, -20130, "Invalid data sent for a parameter.", InvalidOrder, InvalidOrder),
    (400, -20132, "The client algo id is duplicated.", Transient, Unknown),
    (400, -20198, "Reach the max open orders allowed.", OrderRejected, OrderRejected),
    (400, -20204, "The notional of USD is less or more than the limit.", InvalidOrder, InvalidOrder),
    (400, -9999, "A code that nobody has seen.", Transient, Unknown),
]  # fmt: skip
ENTRY = OrderRequest("0" * 32, "BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.003"))


def name_of(case: Case) -> str:
    return f"{case[0]} {case[1]} {case[2][:24]}"


def check(
    exchange: BinanceMargin | BinanceFutures, stand_in: StandIn, case: Case, submit: str, read: str
) -> tuple[ExchangeError, ExchangeError]:
    status, code, message, of_a_read, of_an_order = case
    reply = (status, {"code": code, "msg": message})
    exchange.instrument("BTC/USDT")
    stand_in.answer(submit, *[reply] * 3)
    stand_in.answer(read, *[reply] * 9)
    with pytest.raises(ExchangeError) as of_submit:
        exchange.submit_order(ENTRY)
    assert stand_in.count(submit) == 1  # never twice
    with pytest.raises(ExchangeError) as of_read:
        exchange.get_balances()
    assert type(of_submit.value) is of_an_order
    assert type(of_read.value) is of_a_read
    for caught in (of_submit, of_read):
        assert caught.value.__cause__ is caught.value.__context__ is None
    return of_submit.value, of_read.value


@pytest.mark.parametrize("case", MARGIN_CASES, ids=name_of)
def test_every_code_of_margin_has_its_error(margin: BinanceMargin, stand_in: StandIn, case: Case) -> None:
    check(margin, stand_in, case, "POST /sapi/v1/margin/order", "GET /sapi/v1/margin/account")


@pytest.mark.parametrize("case", FUTURES_CASES, ids=name_of)
def test_every_code_of_futures_has_its_error(futures: BinanceFutures, stand_in: StandIn, case: Case) -> None:
    check(futures, stand_in, case, "POST /fapi/v1/order", "GET /fapi/v3/balance")


def test_no_code_of_the_tables_is_left_out() -> None:
    tried = {code for _, code, *_ in MARGIN_CASES}
    assert set(MARGIN) - set(SPOT) <= tried
    tried = {code for _, code, *_ in FUTURES_CASES}
    filters = {code for code, kind in FUTURES.items() if kind is InvalidOrder and -4300 < code <= -4000}
    assert set(FUTURES) - set(SPOT) - filters - set(range(-5041, -5022)) <= tried


@pytest.mark.parametrize("code", sorted({*FUTURES} - {*SPOT}))
def test_a_code_of_one_account_type_is_none_of_anothers(code: int) -> None:
    """-2022 means one thing on spot and another on futures: nobody may take the one for the other."""
    refusal = Refusal(400, code, "x", None)
    error = translate(refusal, operation="submit_order", is_order=True, market_type=MarketType.SPOT)
    assert type(error) is (InvalidOrder if code in REQUEST_AT_FAULT else OrderOutcomeUnknown)


def test_service_unavailable_may_come_as_a_bare_text(futures: BinanceFutures, stand_in: StandIn) -> None:
    futures.instrument("BTC/USDT")
    stand_in.answer("POST /fapi/v1/order", (503, "Service Unavailable"), (503, "<html>Bad gateway</html>"))
    with pytest.raises(TransientExchangeError):
        futures.submit_order(ENTRY)
    with pytest.raises(OrderOutcomeUnknown) as caught:
        futures.submit_order(ENTRY)
    assert "html" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [(-2019, "too little margin"), (-2022, "no position"), (-4061, "one-way mode"), (-2015, "futures must be enabled"),
     (-5022, "take from the book"), (-4109, "activate it"), (-4400, "Binance says: x")],
)  # fmt: skip
def test_what_a_person_reads(code: int, words: str) -> None:
    refusal = Refusal(400, code, "x", None)
    error = translate(refusal, operation="submit_order", is_order=True, market_type=MarketType.FUTURES)
    assert words in error.message


def test_hedge_mode_is_told_whichever_way_the_venue_says_it() -> None:
    refusal = Refusal(400, -1106, "Parameter 'reduceonly' sent when not required.", None)
    error = translate(refusal, operation="submit_order", is_order=True, market_type=MarketType.FUTURES)
    assert isinstance(error, InvalidOrder)
    assert "hedge mode" in error.message


@pytest.mark.parametrize(
    ("status", "code", "retry_after", "seconds", "scope"),
    [
        (429, -1003, None, 60, Scope.ADDRESS),
        (429, -1003, 7, 7, Scope.ADDRESS),
        (418, -1003, 120, 120, Scope.ADDRESS),
        (429, -1015, 4, 4, Scope.KEY),
        (400, -2010, None, 0, Scope.ADDRESS),
        (503, -1008, None, 0, Scope.ADDRESS),
    ],
)
def test_who_has_to_stop_and_for_how_long(
    status: int, code: int, retry_after: float | None, seconds: float, scope: Scope
) -> None:
    refusal = Refusal(status, code, "x", retry_after)
    assert (refusal.stop_seconds, refusal.stop_scope) == (seconds, scope)


def test_nothing_of_a_signed_request_is_in_an_error(futures: BinanceFutures, stand_in: StandIn) -> None:
    replies: list[Any] = ["reset", (502, "<html>"), (200, "no JSON"), (400, [1])]
    stand_in.answer("POST /fapi/v1/order", *replies)
    for _ in replies:
        with pytest.raises(OrderOutcomeUnknown) as caught:
            futures.submit_order(ENTRY)
        assert caught.value.__context__ is None
        assert stand_in.requests[-1][1]["signature"] not in repr(vars(caught.value))
