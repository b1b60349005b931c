"""Risk and sizing: signal + risk configuration + account state -> an order intent, a skip or a named denial.

With leverage (margin and futures) a budget is margin: what is bought for it is worth the leverage times as much.
Pure: no database, no network, no clock. Backtest, paper and live all pass through `decide`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from exchanges.base import ZERO, Instrument, MarketType, OrderType, Side

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class RiskConfig:
    """A subscription's risk settings. Percentages are of 100; money is in the pair's quote currency."""

    position_size_pct: Decimal = Decimal(10)  # of the subscription's equity, per entry
    max_position_size: Decimal | None = (
        None  # the most the position may cost (with leverage: its margin), in quote units
    )
    stop_loss_pct: Decimal | None = None  # below the entry price
    take_profit_pct: Decimal | None = None  # above the entry price
    allow_adding: bool = False  # a BUY while long adds to the position instead of being skipped

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RiskConfig:
        """From validated JSON; keys with null or left out take the default."""
        numbers = ("position_size_pct", "max_position_size", "stop_loss_pct", "take_profit_pct")
        known: dict[str, Any] = {name: Decimal(str(values[name])) for name in numbers if values.get(name) is not None}
        if values.get("allow_adding") is not None:
            known["allow_adding"] = bool(values["allow_adding"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class BotSignal:
    """What the bot said, as far as risk is concerned. Prices in quote units."""

    action: str  # BUY or SELL; a HOLD never comes here
    price: Decimal
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AccountState:
    """What the subscription has, and what the account can give."""

    position_quantity: Decimal  # base units
    position_cost: Decimal  # quote units that went into it and have not come back, fees included, borrowed money not
    equity: Decimal  # of the subscription: allocated capital + realised P&L + unrealised P&L
    cash: Decimal  # of the subscription: what is not in the position
    free_quote: Decimal  # of the account, less what other orders have reserved; on futures of what margin is paid in
    free_base: Decimal  # what the account can sell of it; of a position its quantity
    has_open_entry: bool = False  # an entry order is still working or its outcome is unknown
    has_open_exit: bool = False
    leverage: int = 1


@dataclass(frozen=True, slots=True)
class OrderIntent:
    side: Side
    order_type: OrderType
    quantity: Decimal
    reference_price: Decimal  # what the sizing was based on
    limit_price: Decimal | None = None
    stop_loss_price: Decimal | None = None
    take_profit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """No order, and why. `skipped`: there was nothing to do. `denied`: a rule or the balance forbade it."""

    kind: Literal["skipped", "denied"]
    rule: str
    detail: str


def decide(
    signal: BotSignal,
    *,
    config: RiskConfig,
    account: AccountState,
    instrument: Instrument,
    ask: Decimal,
    bid: Decimal,
    fee_rate: Decimal,
    order_type: OrderType = OrderType.MARKET,
) -> OrderIntent | Refusal:
    """What to do about a signal. `ask` and `bid` are the venue's best prices now."""
    if signal.action == "SELL":
        return _exit(account=account, instrument=instrument, bid=bid)
    return _enter(
        signal,
        config=config,
        account=account,
        instrument=instrument,
        ask=ask,
        fee_rate=fee_rate,
        order_type=signal.order_type or order_type,
    )


def _enter(
    signal: BotSignal,
    *,
    config: RiskConfig,
    account: AccountState,
    instrument: Instrument,
    ask: Decimal,
    fee_rate: Decimal,
    order_type: OrderType,
) -> OrderIntent | Refusal:
    quote = instrument.quote
    if account.has_open_entry:
        return Refusal("skipped", "entry_working", "an earlier entry order is still working")
    if account.has_open_exit:
        return Refusal("skipped", "exit_working", "the position is being closed")
    holds_position = instrument.round_quantity(account.position_quantity) > 0
    if holds_position and not config.allow_adding:
        return Refusal(
            "skipped",
            "already_long",
            f"already holding {_text(account.position_quantity)} {instrument.base}",
        )
    if not instrument.is_trading:
        return Refusal("denied", "not_trading", f"{instrument.symbol} is not trading at the venue")

    price = ask
    limit_price = None
    if order_type == OrderType.LIMIT:
        limit_price = instrument.round_price(signal.limit_price or signal.price, Side.BUY)
        price = min(limit_price, ask) if limit_price > ask else limit_price

    budget = account.equity * config.position_size_pct / HUNDRED
    if config.max_position_size is not None:
        budget = min(budget, config.max_position_size - account.position_cost)
    budget = min(budget, account.cash)
    if budget <= 0:
        return Refusal(
            "denied",
            "no_capital",
            f"nothing of the allocated capital is left: cash {_text(account.cash)} {quote}, "
            f"position cost {_text(account.position_cost)} {quote}",
        )
    # The fee comes on top where the venue takes it in quote, so that a position never costs more than its budget.
    leverage = account.leverage
    quantity = instrument.round_quantity(budget * leverage / (price * (1 + fee_rate * leverage)))
    shortfall = instrument.shortfall(quantity, price)
    if shortfall:
        return Refusal("denied", "below_minimum", f"{shortfall} (budget {_text(budget)} {quote})")
    cost = entry_cost(quantity * price, leverage=leverage, fee_rate=fee_rate)
    if cost > account.free_quote:
        return Refusal(
            "denied",
            "insufficient_balance",
            f"needs {_text(cost)} {quote}, free at the venue and not reserved are {_text(account.free_quote)} {quote}",
        )
    stop_loss, take_profit = exit_prices(price, signal=signal, config=config, instrument=instrument)
    return OrderIntent(
        Side.BUY,
        order_type,
        quantity,
        reference_price=price,
        limit_price=limit_price,
        stop_loss_price=stop_loss,
        take_profit_price=take_profit,
    )


def entry_cost(worth: Decimal, *, leverage: int, fee_rate: Decimal) -> Decimal:
    """What an entry takes from the account: its margin and its fee."""
    return worth * (1 + fee_rate * leverage) / leverage


def exit_rules(instrument: Instrument) -> Instrument:
    """What an order that only shrinks a position must keep: on futures it may be worth as little as it likes."""
    if instrument.market_type is MarketType.FUTURES:
        return replace(instrument, min_notional=ZERO)
    return instrument


def _exit(*, account: AccountState, instrument: Instrument, bid: Decimal) -> OrderIntent | Refusal:
    """Close the whole position at market: an exit must not wait for a price."""
    if account.has_open_exit:
        return Refusal("skipped", "exit_working", "the position is being closed already")
    quantity = instrument.round_quantity(min(account.position_quantity, account.free_base))
    if instrument.round_quantity(account.position_quantity) <= 0:
        return Refusal("skipped", "no_position", "nothing to sell")
    shortfall = exit_rules(instrument).shortfall(quantity, bid)
    if shortfall:
        return Refusal(
            "denied",
            "below_minimum",
            f"{shortfall}; position {_text(account.position_quantity)} {instrument.base}, "
            f"free at the venue {_text(account.free_base)} {instrument.base}",
        )
    return OrderIntent(Side.SELL, OrderType.MARKET, quantity, reference_price=bid)


def exit_prices(
    entry: Decimal, *, signal: BotSignal, config: RiskConfig, instrument: Instrument
) -> tuple[Decimal | None, Decimal | None]:
    """Stop loss and take profit of a long position entered at `entry`: the tighter of the bot's and the user's."""
    stops = [signal.stop_loss] if signal.stop_loss is not None else []
    targets = [signal.take_profit] if signal.take_profit is not None else []
    if config.stop_loss_pct is not None:
        stops.append(entry * (1 - config.stop_loss_pct / HUNDRED))
    if config.take_profit_pct is not None:
        targets.append(entry * (1 + config.take_profit_pct / HUNDRED))
    stop = instrument.round_stop_price(max(stops), Side.SELL) if stops else None
    target = instrument.round_price(min(targets), Side.SELL) if targets else None
    # A bot's stop at or above the entry would trigger at once: the order would be refused, so it is left out.
    return (stop if stop is not None and ZERO < stop < entry else None), target


def _text(value: Decimal) -> str:
    """A figure for a sentence: at most eight decimals, no trailing zeros."""
    return f"{round(value, 8).normalize():f}"
