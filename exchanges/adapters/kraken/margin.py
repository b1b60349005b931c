"""The Kraken margin adapter: the same orders with leverage, on the same account, and the positions that they make.

What is bought with leverage is never in the balance: the venue lends it, keeps it, and books profit, loss and fees in
the end (https://support.kraken.com/hc/en-us/articles/227876608).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from functools import partial
from typing import Any

from exchanges.adapters.kraken import wire
from exchanges.adapters.kraken.exchange import TRADES_PER_REQUEST, KrakenExchange
from exchanges.adapters.kraken.names import Names
from exchanges.base import (
    ZERO,
    Balance,
    ExchangeCapabilities,
    FundingPayment,
    Instrument,
    MarginMode,
    MarketType,
    Order,
    OrderRequest,
    Position,
    PositionSide,
    Side,
)
from exchanges.errors import InvalidOrder

# "leverage_buy" and "leverage_sell" of https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs begin at 2
# and go up by one. What differs between them is how much margin is set aside, not what is bought.
LEAST_LEVERAGE = 2
# https://docs.kraken.com/api/docs/rest-api/get-ledgers
LEDGER_PAGE = 50
COLLATERAL_ASSET = "ZUSD"
COLLATERAL_NAME = "USD"
BALANCE_UNIT = Decimal("1E-10")


class KrakenMargin(KrakenExchange):
    account_type = MarketType.MARGIN

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return replace(super().capabilities, reduce_only_orders=True, margin_modes=(MarginMode.CROSS,))

    def get_balances(self) -> dict[str, Balance]:
        """What stands behind open positions is not free, although the venue's own list does not say so."""
        balances = super().get_balances()
        summary = self._trade_balance(COLLATERAL_ASSET)
        return {asset: summary.less_margin(balance) for asset, balance in balances.items()}

    def apply_leverage(self, symbol: str) -> None:
        """Every order says its leverage itself; this says beforehand whether it can."""
        self._leverage(self.instrument(symbol))

    def submit_order(self, request: OrderRequest) -> Order:
        self._require_cross("submit_order")
        return replace(super().submit_order(request), reduce_only=request.reduce_only)

    def _order_parameters(self, request: OrderRequest, instrument: Instrument) -> dict[str, str]:
        parameters = super()._order_parameters(request, instrument)
        if request.reduce_only:  # an exit is never refused over its leverage
            level = min(max(self.leverage, LEAST_LEVERAGE), instrument.max_leverage)
            return parameters | {"leverage": str(level), "reduce_only": "true"}
        return parameters | {"leverage": str(self._leverage(instrument))}

    def _leverage(self, instrument: Instrument) -> int:
        self._require_cross("apply_leverage")
        if self.leverage > instrument.max_leverage:
            raise InvalidOrder(
                f"Kraken's leverage for {instrument.symbol} ends at {instrument.max_leverage}; "
                f"{self.leverage} was asked for.",
                exchange=self.name,
                operation="apply_leverage",
            )
        return max(self.leverage, LEAST_LEVERAGE)

    def _require_cross(self, operation: str) -> None:
        if self.margin_mode is not MarginMode.CROSS:
            raise self.not_supported(f"isolated margin ({operation})")

    # --- positions
    def get_positions(self, symbol: str | None = None) -> list[Position]:
        """One per symbol and side, out of the several that the venue keeps apart by opening trade."""
        wanted = None if symbol is None else self.instrument(symbol).symbol
        names = self._names()
        lots = self._private("get_positions", "OpenPositions", partial(_lots, names=names), docalcs="true")
        found: dict[tuple[str, PositionSide], list[_Lot]] = defaultdict(list)
        for lot in lots:
            found[lot.symbol, lot.side].append(lot)
        summaries: dict[str, _Summary] = {}
        positions = []
        for (of, side), parts in found.items():
            if wanted not in (None, of):
                continue
            quote = names.quotes.get(of, COLLATERAL_ASSET)
            if quote not in summaries:
                summaries[quote] = self._trade_balance(quote)
            stop_level = names.margin_stops.get(of, ZERO) / 100
            positions.append(_position(of, side, parts, summaries[quote], stop_level))
        return positions

    def _trade_balance(self, asset: str) -> _Summary:
        return self._private("get_trade_balance", "TradeBalance", _summary, asset=asset)

    # --- rollover
    def get_funding_payments(self, symbol: str, *, since: datetime) -> list[FundingPayment]:
        """The fees that open positions pay every four hours. Each names the trade that opened its position."""
        wanted = self.instrument(symbol).symbol
        names = self._names()
        entries: list[tuple[str, Any]] = []
        while True:
            page = self._private(
                "get_ledger",
                "Ledgers",
                lambda reply: list(reply["ledger"].items()),
                type="rollover",
                start=wire.seconds(since) - 1,
                ofs=len(entries),
            )
            entries += page
            if len(page) < LEDGER_PAGE:
                break
        symbols = self._symbols_of_trades({str(entry["refid"]) for _, entry in entries}, names)
        payments = [
            FundingPayment(
                payment_id=key,
                symbol=wanted,
                amount=Decimal(entry["amount"]) - Decimal(entry["fee"]),
                asset=names.asset(str(entry["asset"])),
                paid_at=wire.moment(entry["time"]),
            )
            for key, entry in entries
            if symbols[str(entry["refid"])] == wanted
        ]
        return sorted((paid for paid in payments if paid.paid_at >= since), key=lambda paid: paid.paid_at)

    def _symbols_of_trades(self, ids: Iterable[str], names: Names) -> dict[str, str]:
        ordered = sorted(ids)
        found: dict[str, str] = {}
        for start in range(0, len(ordered), TRADES_PER_REQUEST):
            batch = ordered[start : start + TRADES_PER_REQUEST]
            read = partial(_trade_symbols, ids=batch, names=names)
            found |= self._private("get_trades", "QueryTrades", read, txid=",".join(batch))
        return found


@dataclass(frozen=True, slots=True)
class _Lot:
    """https://docs.kraken.com/api/docs/rest-api/get-open-positions: what is left of what one trade opened."""

    key: str
    symbol: str
    side: PositionSide
    quantity: Decimal
    cost: Decimal  # at the entry price
    leverage: Decimal
    worth: Decimal  # now
    net: Decimal


@dataclass(frozen=True, slots=True)
class _Summary:
    """https://docs.kraken.com/api/docs/rest-api/get-trade-balance, in one asset."""

    equity: Decimal
    used_margin: Decimal
    free_margin: Decimal

    def less_margin(self, balance: Balance) -> Balance:
        """Of the collateral asset what the free margin leaves, of another one its part of the collateral."""
        if self.free_margin >= self.equity or self.equity <= 0:
            return balance  # nothing is open
        if balance.asset == COLLATERAL_NAME:
            free = min(balance.free, self.free_margin)
        else:
            part = (balance.total * self.free_margin / self.equity).quantize(BALANCE_UNIT, ROUND_DOWN)
            free = min(balance.free, part)
        free = max(free, ZERO)
        return replace(balance, free=free, used=balance.total - free)


def _summary(reply: Any) -> _Summary:
    return _Summary(equity=Decimal(reply["e"]), used_margin=Decimal(reply["m"]), free_margin=Decimal(reply["mf"]))


def _lots(reply: Any, names: Names) -> list[_Lot]:
    found = []
    for key, row in reply.items():
        opened = Decimal(row["vol"])
        left = opened - Decimal(row["vol_closed"])
        if left <= 0:
            continue
        cost, margin = Decimal(row["cost"]), Decimal(row["margin"])
        found.append(
            _Lot(
                key=str(key),
                symbol=names.symbol(str(row["pair"])),
                side=PositionSide.LONG if Side(row["type"].upper()) is Side.BUY else PositionSide.SHORT,
                quantity=left,
                cost=cost * left / opened,
                leverage=cost / margin if margin else Decimal(1),
                worth=abs(Decimal(row["value"])),
                net=Decimal(row["net"]),
            )
        )
    return found


def _position(symbol: str, side: PositionSide, lots: list[_Lot], summary: _Summary, stop_level: Decimal) -> Position:
    quantity = sum((lot.quantity for lot in lots), ZERO)
    cost = sum((lot.cost for lot in lots), ZERO)
    mark = sum((lot.worth for lot in lots), ZERO) / quantity
    return Position(
        symbol=symbol,
        side=side,
        quantity=quantity,
        entry_price=cost / quantity,
        leverage=max(lot.leverage for lot in lots).quantize(Decimal("0.01")).normalize() + ZERO,
        margin_mode=MarginMode.CROSS,
        mark_price=mark,
        liquidation_price=_liquidation_price(side, quantity, mark, summary, stop_level),
        unrealised_pnl=sum((lot.net for lot in lots), ZERO),
        position_id=lots[0].key if len(lots) == 1 else "",
    )


def _liquidation_price(
    side: PositionSide, quantity: Decimal, mark: Decimal, summary: _Summary, stop_level: Decimal
) -> Decimal | None:
    """Where the equity falls to that part of the used margin, if nothing else in the account changes its worth."""
    if not stop_level:
        return None
    to_lose = summary.equity - stop_level * summary.used_margin
    price = mark - to_lose / quantity if side is PositionSide.LONG else mark + to_lose / quantity
    return price if price > 0 else None


def _trade_symbols(reply: Any, ids: list[str], names: Names) -> dict[str, str]:
    return {key: names.symbol(str(reply[key]["pair"])) for key in ids}
