"""`sendorder` as the books take it. https://docs.kraken.com/api-reference/order-management/send-order"""

from __future__ import annotations

from decimal import Decimal

from exchanges.base import OrderType, Side
from exchanges.simulator.kraken_futures.call import Call
from exchanges.simulator.kraken_futures.params import BadRequest, Params, invalid, missing
from exchanges.simulator.listings import Listing
from exchanges.simulator.records import OrderSpec, TimeInForce

TYPES = ("lmt", "post", "ioc", "fok", "mkt", "stp", "take_profit", "trailing_stop")
# Of stops: without and with a limit price.
STOPS = {
    "stp": (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT),
    "take_profit": (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT),
    "trailing_stop": (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP),
}
TIMES = {"ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
SIGNALS = ("mark", "spot", "index", "last")
TRAILING_PCT = (Decimal("0.1"), Decimal(50))
CLIENT_ID_LENGTH = 100
MISTAKE = 10  # times the price; what would take at such a one is refused
WIRE_TYPE, WIRE_SIGNAL = "orderType", "triggerSignal"


class Refused(Exception):
    """An outcome: the request was read, and this is what became of the order."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def read_order(call: Call) -> OrderSpec:
    """Raises FaceError of what cannot be read, Refused of what the contract does not allow."""
    params = call.params
    kind = params.required("orderType")
    if kind not in TYPES:
        raise BadRequest(11, "invalid order type")
    symbol, side = call.symbol(), params.required("side")
    if side not in ("buy", "sell"):
        raise invalid("side")
    size, limit, stop = params.positive("size"), params.positive("limitPrice"), params.positive("stopPrice")
    if size is None:
        raise missing("size")
    if kind in ("lmt", "post", "ioc", "fok") and limit is None:
        raise missing("limitPrice")
    if kind in ("stp", "take_profit") and stop is None:
        raise missing("stopPrice")
    client_id = params.text("cliOrdId") or ""
    if len(client_id) > CLIENT_ID_LENGTH:
        raise Refused("clientOrderIdTooBig")
    limit = None if kind in ("mkt", "trailing_stop") else limit
    stop = stop if kind in ("stp", "take_profit") else None
    _check_figures(call.venue.markets[symbol].listing, size, limit, stop)
    return OrderSpec(
        symbol=symbol,
        side=Side(side.upper()),
        order_type=_order_type(kind, limit),
        client_order_id=client_id,
        quantity=size,
        limit_price=limit,
        stop_price=stop,
        time_in_force=TIMES.get(kind, TimeInForce.GTC),
        post_only=kind == "post",
        wire={WIRE_TYPE: kind, WIRE_SIGNAL: _signal(params)},
        reduce_only=params.flag("reduceOnly"),
        trailing_pct=_trailing_pct(params) if kind == "trailing_stop" else None,
    )


def _order_type(kind: str, limit: Decimal | None) -> OrderType:
    if kind in STOPS:
        return STOPS[kind][limit is not None]
    return OrderType.MARKET if kind == "mkt" else OrderType.LIMIT


def _signal(params: Params) -> str:
    signal = params.text("triggerSignal") or "last"
    if signal not in SIGNALS:
        raise invalid("triggerSignal")
    return signal


def _trailing_pct(params: Params) -> Decimal:
    """Only by per cent: `QUOTE_CURRENCY` is not simulated."""
    deviation = params.positive("trailingStopMaxDeviation")
    if deviation is None:
        raise missing("trailingStopMaxDeviation")
    if params.required("trailingStopDeviationUnit") != "PERCENT":
        raise invalid("trailingStopDeviationUnit")
    least, most = TRAILING_PCT
    if not least <= deviation <= most:
        raise invalid("trailingStopMaxDeviation")
    return deviation


def _check_figures(listing: Listing, size: Decimal, limit: Decimal | None, stop: Decimal | None) -> None:
    if size % listing.lot_step or size < listing.min_quantity:
        raise Refused("invalidSize")
    if size > listing.max_quantity:
        raise Refused("maxPositionViolation")
    for price in (limit, stop):
        if price is not None and price % listing.tick_size:
            raise Refused("invalidPrice")


def check_price(spec: OrderSpec, price: Decimal) -> None:
    """Against slips of the finger: what would take far beyond the price."""
    if spec.limit_price is None or spec.stop_price is not None:
        return
    far = price * MISTAKE if spec.side is Side.BUY else price / MISTAKE
    if (spec.limit_price >= far) if spec.side is Side.BUY else (spec.limit_price <= far):
        raise Refused("outsidePriceCollar")
