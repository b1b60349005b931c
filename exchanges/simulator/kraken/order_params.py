"""From the parameters of AddOrder to an `OrderSpec`, or the error that Kraken would answer.

https://docs.kraken.com/api/docs/rest-api/add-order
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from exchanges.base import ZERO, OrderType, Side
from exchanges.positions import reducible
from exchanges.simulator.kraken.call import Call
from exchanges.simulator.kraken.market_data import LOT_DECIMALS
from exchanges.simulator.kraken.names import decimals_of, fixed, money
from exchanges.simulator.kraken.orders import WIRE_FLAGS, WIRE_PRICE, WIRE_PRICE2, WIRE_TYPE, WIRE_USERREF
from exchanges.simulator.kraken.params import ApiError, invalid, number
from exchanges.simulator.listings import Listing
from exchanges.simulator.records import OrderSpec, TimeInForce

SHORTEST_DEADLINE_MS, LONGEST_DEADLINE_MS = 2_000, 60_000
CLIENT_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[\x21-\x7e]{1,18}")
FLAGS = ("post", "fcib", "fciq", "nompp", "viqc")
# What this venue does not do; the real one does.
UNSUPPORTED = ("starttm", "expiretm", "displayvol", "close[ordertype]", "close")


@dataclass(frozen=True, slots=True)
class Kind:
    order_type: OrderType
    price: str = ""  # what `price` is: "limit", "stop", "trail", or not there
    price2: bool = False  # the limit


KINDS: dict[str, Kind] = {
    "market": Kind(OrderType.MARKET),
    "limit": Kind(OrderType.LIMIT, "limit"),
    "stop-loss": Kind(OrderType.STOP_LOSS, "stop"),
    "stop-loss-limit": Kind(OrderType.STOP_LOSS_LIMIT, "stop", True),
    "take-profit": Kind(OrderType.TAKE_PROFIT, "stop"),
    "take-profit-limit": Kind(OrderType.TAKE_PROFIT_LIMIT, "stop", True),
    "trailing-stop": Kind(OrderType.TRAILING_STOP, "trail"),
}


def read_order(call: Call, symbol: str) -> OrderSpec:
    """In the order in which mistakes are told: form first, then the pair's rules."""
    params, listing = call.params, call.venue.markets[symbol].listing
    for name in UNSUPPORTED:
        if name in params and params.text(name) != "0":
            raise invalid(name)
    side = _side(params.required("type"))
    word = params.required("ordertype")
    if word not in KINDS:
        raise invalid("ordertype")
    kind = KINDS[word]
    flags = _flags(params.list("oflags"), kind)
    if params.text("trigger") not in (None, "last"):
        raise ApiError("EGeneral:Invalid arguments:Index unavailable")
    reference = call.venue.markets[symbol].price_at(call.now_ms)
    limit_price, stop_price, trailing_pct = _prices(call, kind, listing, side, reference)
    leverage = _leverage(params.text("leverage"), listing)
    quantity = _quantity(call, symbol, side, leverage)
    is_by_quote = "viqc" in flags
    if is_by_quote and (kind.order_type is not OrderType.MARKET or side is Side.SELL or leverage):
        raise invalid("viqc")
    _check_sizes(quantity, is_by_quote, limit_price or stop_price or reference, listing)
    _check_deadline(call)
    decimals = decimals_of(listing.tick_size)
    first = limit_price if kind.price == "limit" else stop_price
    shown = "" if first is None else fixed(first, decimals)
    return OrderSpec(
        symbol=symbol,
        side=side,
        order_type=kind.order_type,
        client_order_id=_client_id(call),
        quantity=ZERO if is_by_quote else quantity,
        quote_quantity=quantity if is_by_quote else ZERO,
        limit_price=limit_price,
        stop_price=stop_price,
        trailing_pct=trailing_pct,
        time_in_force=_time_in_force(params.text("timeinforce")),
        post_only="post" in flags,
        reduce_only=bool(leverage) and params.flag("reduce_only"),
        leverage=leverage,
        wire={
            WIRE_TYPE: word,
            WIRE_PRICE: f"+{money(trailing_pct, 4)}%" if trailing_pct is not None else shown,
            WIRE_PRICE2: fixed(limit_price, decimals) if kind.price2 and limit_price is not None else "",
            WIRE_FLAGS: ",".join(flag for flag in flags if flag != "fcib"),
            WIRE_USERREF: str(params.integer("userref") or ""),
        },
    )


def _side(text: str) -> Side:
    if text not in ("buy", "sell"):
        raise invalid("type")
    return Side(text.upper())


def _flags(flags: list[str], kind: Kind) -> list[str]:
    """Fees are always taken in the quote asset here, so `fcib`, a preference, is read and not followed."""
    if any(flag not in FLAGS for flag in flags):
        raise invalid("oflags")
    if "fcib" in flags and "fciq" in flags:
        raise invalid("oflags")
    if "post" in flags and kind.order_type is not OrderType.LIMIT:
        raise invalid("oflags")
    return flags if "fciq" in flags else ["fciq", *flags]


def _prices(
    call: Call, kind: Kind, listing: Listing, side: Side, reference: Decimal
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Limit price, stop price, distance of a trailing stop in per cent."""
    text, text2 = call.params.text("price"), call.params.text("price2")
    if not kind.price:
        return None, None, None
    if text is None:
        raise invalid("price")
    if kind.price == "trail":
        return None, None, _trailing_pct(text, reference)
    first = _price(text, listing, side, reference, "price")
    if kind.price == "limit":
        return first, None, None
    if not kind.price2:
        return None, first, None
    if text2 is None:
        raise invalid("price2")
    return _price(text2, listing, side, reference, "price2"), first, None


def _trailing_pct(text: str, reference: Decimal) -> Decimal:
    if not text.startswith("+"):
        raise invalid("price")
    distance = number(text.strip("+%"), "price")
    pct = distance if text.endswith("%") else distance / reference * 100
    if not ZERO < pct < 100:
        raise invalid("price")
    return pct


def _price(text: str, listing: Listing, side: Side, reference: Decimal, name: str) -> Decimal:
    """Absolute, or with `+`, `-` or `#` in front relative to the last price, in its units or per cent."""
    if text[0] not in "+-#":
        price = number(text, name)
        decimals = decimals_of(listing.tick_size)
        if price != price.quantize(Decimal(1).scaleb(-decimals)):
            raise ApiError(
                f"EOrder:Invalid price:{listing.base}/{listing.quote} price can only be specified up to "
                f"{decimals} decimals."
            )
        if price <= 0:
            raise ApiError("EOrder:Invalid price")
        if price % listing.tick_size:
            raise ApiError("EOrder:Tick size check failed")
        return price
    offset = number(text[1:].rstrip("%"), name)
    if text.endswith("%"):
        offset = reference * offset / 100
    goes_up = text[0] == "+" or (text[0] == "#" and side is Side.SELL)
    price = reference + offset if goes_up else reference - offset
    rounded = (price / listing.tick_size).to_integral_value() * listing.tick_size
    if rounded <= 0:
        raise ApiError("EOrder:Invalid price")
    return rounded


def _leverage(text: str | None, listing: Listing) -> Decimal | None:
    """`5`, `5:1` or `none`."""
    if text is None or text == "none":
        return None
    level = number(text.removesuffix(":1"), "leverage")
    if level != level.to_integral_value() or not 2 <= level <= listing.max_leverage:
        raise invalid("leverage")
    return level


def _quantity(call: Call, symbol: str, side: Side, leverage: Decimal | None) -> Decimal:
    quantity = number(call.params.required("volume"), "volume")
    if quantity == 0 and leverage is not None:  # as much as closes the position
        position = call.venue.position(call.account, symbol)
        quantity = reducible(position.as_open, side) if position else ZERO
    if quantity != quantity.quantize(Decimal(1).scaleb(-LOT_DECIMALS)):
        raise invalid("volume")
    return quantity


def _check_sizes(quantity: Decimal, is_by_quote: bool, price: Decimal, listing: Listing) -> None:
    volume = quantity / price if is_by_quote else quantity
    if volume < listing.min_quantity:
        raise ApiError("EOrder:Order minimum not met")
    if volume * price < listing.min_notional:
        raise ApiError("EOrder:Cost minimum not met")
    if volume > listing.max_quantity:
        raise invalid("volume")


def _check_deadline(call: Call) -> None:
    text = call.params.text("deadline")
    if text is None:
        return
    try:
        deadline = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("deadline") from None
    if deadline.tzinfo is None:
        raise invalid("deadline")
    ahead = deadline.timestamp() * 1000 - call.now_ms
    factor, extra_ms = call.clock.client_tolerance()
    slack = LONGEST_DEADLINE_MS * (factor - 1)
    if not SHORTEST_DEADLINE_MS - slack <= ahead <= LONGEST_DEADLINE_MS + slack + extra_ms:
        raise invalid("deadline")


def _client_id(call: Call) -> str:
    text = call.params.text("cl_ord_id")
    if text is None:
        return ""
    if "userref" in call.params or not CLIENT_ID.fullmatch(text):
        raise invalid("cl_ord_id")
    return text


def _time_in_force(text: str | None) -> TimeInForce:
    if text is None:
        return TimeInForce.GTC
    if text not in TimeInForce.__members__:
        raise invalid("timeinforce")
    return TimeInForce[text]
