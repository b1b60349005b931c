"""JSON of subscriptions and what happened to them. Money and quantities are decimal strings."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from exchanges.base import MarginMode
from exchanges.factory import ExchangeFactory
from exchanges.fields import ExactDecimalField
from exchanges.models import MarketType, Mode
from subscriptions.models import Decision, FundingPayment, Order, Signal, SignalStream, Subscription, Trade

PAIR = re.compile(r"^[A-Z0-9]{1,15}/[A-Z0-9]{1,15}$")


class AmountField(serializers.DecimalField):
    """Money, a price or a quantity: a decimal string without trailing zeros."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 30, "decimal_places": 12, "normalize_output": True, **options})


class RecordSerializer(serializers.ModelSerializer):
    """A row as it was recorded."""

    serializer_field_mapping = {**serializers.ModelSerializer.serializer_field_mapping, ExactDecimalField: AmountField}


class StrictSerializer(serializers.Serializer):
    """Refuses fields it does not know: a misspelt stop loss must not pass for none."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = {
                name: [f"There is no such setting. Known: {', '.join(self.fields)}."]
                for name in data
                if name not in self.fields
            }
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


def _percent(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=9, decimal_places=4, min_value=Decimal("0.0001"), max_value=Decimal(100), **options
    )


class RiskConfigSerializer(StrictSerializer):
    """Percentages of 100; money in the pair's quote currency."""

    position_size_pct = _percent(
        required=False, default=Decimal(10), help_text="of the subscription's equity, per entry (default 10)"
    )
    max_position_size = AmountField(
        required=False,
        allow_null=True,
        default=None,
        min_value=Decimal("0.00000001"),
        help_text="the most a position may cost (with leverage: its margin), in quote currency",
    )
    stop_loss_pct = _percent(required=False, allow_null=True, default=None, help_text="below the entry price")
    take_profit_pct = serializers.DecimalField(
        max_digits=9,
        decimal_places=4,
        min_value=Decimal("0.0001"),
        max_value=Decimal(10_000),
        required=False,
        allow_null=True,
        default=None,
        help_text="above the entry price",
    )
    allow_adding = serializers.BooleanField(
        required=False, default=False, help_text="a BUY while long adds to the position instead of being skipped"
    )


class ExecutionConfigSerializer(StrictSerializer):
    market_type = serializers.ChoiceField(choices=MarketType.choices, default="spot")
    order_type = serializers.ChoiceField(choices=["MARKET", "LIMIT"], default="MARKET")
    leverage = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        default=1,
        help_text="on margin and futures: what is bought is worth this many times its margin; at most the "
        "instrument's max_leverage",
    )
    margin_mode = serializers.ChoiceField(
        choices=[str(mode) for mode in MarginMode],
        allow_blank=True,
        default="",
        help_text="on margin and futures: the whole account stands behind a position, or its own margin only; default: "
        "the first that the exchange has",
    )
    allocated_capital = AmountField(
        min_value=Decimal("0.00000001"), help_text="what this subscription may use, in quote currency"
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            data = dict(data)
            if data.get("margin_mode", "") is None:  # as a spot subscription shows it
                del data["margin_mode"]
            for name, change in (("market_type", str.lower), ("order_type", str.upper), ("margin_mode", str.lower)):
                if isinstance(data.get(name), str):
                    data[name] = change(data[name])
        return super().to_internal_value(data)


class SubscriptionCreateSerializer(serializers.Serializer):
    instance_name = serializers.CharField(max_length=80)
    bot_id = serializers.UUIDField()
    exchange_type = serializers.CharField(max_length=40)
    trading_pair = serializers.CharField(max_length=40)
    timeframe = serializers.CharField(max_length=4)
    strategy_config = serializers.DictField(required=False, default=dict)
    execution_config = ExecutionConfigSerializer()
    risk_config = RiskConfigSerializer(required=False, default=dict)
    mode = serializers.ChoiceField(choices=Mode.choices, required=False, default=Mode.PAPER)
    credential_id = serializers.UUIDField(required=False, allow_null=True, default=None)

    def validate_exchange_type(self, value: str) -> str:
        name = value.strip().upper()
        if name not in ExchangeFactory.names():
            raise serializers.ValidationError(
                f"There is no exchange “{value}”. Known: {', '.join(ExchangeFactory.names())}."
            )
        return name

    def validate_trading_pair(self, value: str) -> str:
        if not PAIR.match(value):
            raise serializers.ValidationError(f"“{value}” is not a pair: write base, slash, quote, as in BTC/USDT.")
        return value


class SubscriptionSerializer(serializers.ModelSerializer):
    subscription_id = serializers.UUIDField(source="id", read_only=True)
    bot_id = serializers.UUIDField(source="bot_version.bot_id", read_only=True)
    bot_name = serializers.CharField(source="bot_version.bot.name", read_only=True)
    bot_version = serializers.IntegerField(source="bot_version.number", read_only=True)
    exchange_type = serializers.CharField(source="exchange", read_only=True)
    trading_pair = serializers.CharField(source="symbol", read_only=True)
    execution_config = serializers.SerializerMethodField()

    class Meta:
        model = Subscription
        fields = [
            "id",
            "subscription_id",
            "instance_name",
            "bot_id",
            "bot_name",
            "bot_version",
            "exchange_type",
            "trading_pair",
            "timeframe",
            "mode",
            "credential_id",
            "strategy_config",
            "execution_config",
            "risk_config",
            "status",
            "status_reason",
            "created_at",
            "started_at",
        ]
        read_only_fields = fields

    def get_execution_config(self, subscription: Subscription) -> dict[str, str | int | None]:
        return {
            "market_type": subscription.market_type,
            "leverage": subscription.leverage,
            "margin_mode": subscription.margin_mode or None,
            "order_type": subscription.order_type,
            "allocated_capital": f"{subscription.allocated_capital.normalize():f}",
        }


class StopSerializer(serializers.Serializer):
    flatten = serializers.BooleanField(required=False, default=False, help_text="also sell what it holds, at market")


class PerformanceSerializer(serializers.Serializer):
    """Computed from recorded fills, fees included. Null where a figure is not defined yet."""

    total_trades = serializers.IntegerField()
    winning_trades = serializers.IntegerField()
    losing_trades = serializers.IntegerField()
    win_rate = serializers.FloatField(allow_null=True, help_text="percent of trades with a gain")
    total_pnl = serializers.CharField(help_text="net of fees and with funding, in quote currency")
    total_pnl_percentage = serializers.FloatField(allow_null=True, help_text="of the allocated capital")
    average_trade_duration = serializers.CharField(allow_null=True, help_text="as in 2h 30m")
    max_drawdown = serializers.FloatField(help_text="deepest fall of equity from its peak, in percent")
    sharpe_ratio = serializers.FloatField(
        allow_null=True, help_text="daily returns, annualised by the square root of 365, no risk-free rate"
    )


class TradeSerializer(RecordSerializer):
    class Meta:
        model = Trade
        fields = [
            "opened_at",
            "closed_at",
            "quantity",
            "entry_price",
            "exit_price",
            "fees",
            "funding",
            "pnl",
            "exit_leg",
        ]
        read_only_fields = fields


class OrderSerializer(RecordSerializer):
    class Meta:
        model = Order
        fields = [
            "client_order_id",
            "exchange_order_id",
            "leg",
            "side",
            "order_type",
            "symbol",
            "quantity",
            "limit_price",
            "stop_price",
            "status",
            "status_detail",
            "filled_quantity",
            "average_price",
            "created_at",
            "submitted_at",
        ]
        read_only_fields = fields


class FundingPaymentSerializer(RecordSerializer):
    """This subscription's share of what its account paid (negative) or was paid for holding a position."""

    class Meta:
        model = FundingPayment
        fields = ["paid_at", "amount", "asset", "amount_in_quote", "payment_id"]
        read_only_fields = fields


class HeldPositionSerializer(serializers.Serializer[Any]):
    """What a subscription holds, by its own fills. Of margin and futures also what the venue said at `seen_at`."""

    symbol = serializers.CharField()
    side = serializers.CharField()
    quantity = AmountField(help_text="in base units")
    entry_price = AmountField()
    leverage = serializers.IntegerField()
    margin_mode = serializers.CharField(allow_null=True)
    margin = AmountField(help_text="its worth at entry by the leverage, in quote currency")
    mark_price = AmountField(allow_null=True)
    liquidation_price = AmountField(
        allow_null=True, help_text="of the account's position; null where the venue names none"
    )
    unrealised_pnl = AmountField(allow_null=True, help_text="at the mark price; fees and funding not counted")
    funding = AmountField(help_text="since it was opened; negative: paid")
    stop_loss_price = AmountField(allow_null=True)
    take_profit_price = AmountField(allow_null=True)
    opened_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(allow_null=True)


class StreamSerializer(RecordSerializer):
    """Where a bot runs, for its author. Nothing about who listens but how many."""

    version = serializers.IntegerField(source="bot_version.number", read_only=True)
    running_subscriptions = serializers.IntegerField(read_only=True)

    class Meta:
        model = SignalStream
        fields = [
            "id",
            "version",
            "exchange",
            "market_type",
            "symbol",
            "timeframe",
            "strategy_config",
            "status",
            "paused_reason",
            "consecutive_failures",
            "last_candle",
            "running_subscriptions",
        ]
        read_only_fields = fields


class SignalSerializer(RecordSerializer):
    """What the bot said at one candle, with its own log and what went wrong."""

    stream_id = serializers.IntegerField(read_only=True)

    class Meta:
        model = Signal
        fields = [
            "stream_id",
            "candle_open_time",
            "outcome",
            "action",
            "price",
            "reason",
            "confidence",
            "error",
            "log",
            "duration_seconds",
        ]
        read_only_fields = fields


class DecisionSerializer(RecordSerializer):
    candle_open_time = serializers.DateTimeField(source="signal.candle_open_time", read_only=True)
    action = serializers.CharField(source="signal.action", read_only=True)
    price = AmountField(source="signal.price", read_only=True)
    reason = serializers.CharField(source="signal.reason", read_only=True)

    class Meta:
        model = Decision
        fields = ["candle_open_time", "action", "price", "reason", "outcome", "rule", "detail", "created_at"]
        read_only_fields = fields
