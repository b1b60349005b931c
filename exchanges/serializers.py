"""Shapes of the exchanges API. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from exchanges.base import MarginMode
from exchanges.errors import UnknownExchange
from exchanges.factory import ExchangeFactory
from exchanges.fields import Secret
from exchanges.keys import ApiKey
from exchanges.models import ExchangeCredential, Instrument, MarketType, Mode


class ExchangeNameField(serializers.CharField):
    """A registered exchange's name, in capitals whatever was sent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 40, "help_text": "for example BINANCE", **options})

    def to_internal_value(self, data: Any) -> str:
        try:
            return ExchangeFactory.get_adapter(super().to_internal_value(data)).name
        except UnknownExchange as error:
            raise serializers.ValidationError(error.message, code=error.code) from error


class SecretField(serializers.RegexField):
    """Read into a `Secret`, so that no traceback or debug page shows what was sent."""

    def __init__(self, regex: str, **options: Any) -> None:
        super().__init__(regex, **{"write_only": True, **options})

    def to_internal_value(self, data: Any) -> Secret:  # type: ignore[override]
        return Secret(super().to_internal_value(data))

    def run_validators(self, value: Any) -> None:
        super().run_validators(value.reveal() if isinstance(value, Secret) else value)


class KeySerializer(serializers.Serializer[dict[str, Any]]):
    """An API key to be tried."""

    exchange_name = ExchangeNameField()
    api_key = SecretField(r"^[!-~]+$", max_length=500, error_messages={"invalid": "That is no API key."})
    # One line, or several where it is a private key in PEM.
    api_secret = SecretField(r"^[ -~\r\n]+$", max_length=5000, error_messages={"invalid": "That is no API secret."})
    passphrase = SecretField(
        r"^[ -~]*$",
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="of exchanges with needs_passphrase; nowhere else",
        error_messages={"invalid": "That is no passphrase."},
    )
    market_type = serializers.ChoiceField(
        choices=MarketType.choices,
        required=False,
        allow_blank=True,
        help_text="one of markets_with_own_keys if the key is for that account type; nowhere else",
    )
    testnet = serializers.BooleanField(default=True)

    def key(self) -> ApiKey:
        """Of valid data. InvalidRequest where the exchange's keys look different."""
        parts = ("api_key", "api_secret", "passphrase", "market_type", "testnet")
        values = {name: self.validated_data[name] for name in parts if name in self.validated_data}
        return ApiKey.of(exchange=self.validated_data["exchange_name"], **values)


class NewCredentialSerializer(KeySerializer):
    label = serializers.CharField(max_length=80, default="default")  # type: ignore[assignment]


class KeyPermissionsSerializer(serializers.Serializer[Any]):
    """null where the venue does not say."""

    can_read = serializers.BooleanField(allow_null=True)
    can_trade = serializers.BooleanField(allow_null=True)
    can_withdraw = serializers.BooleanField(allow_null=True)


class ValidatedSerializer(serializers.Serializer[Any]):
    valid = serializers.BooleanField()
    exchange_name = serializers.CharField()
    testnet = serializers.BooleanField()
    permissions = KeyPermissionsSerializer()


class ConnectionSerializer(serializers.Serializer[Any]):
    connected = serializers.BooleanField()
    exchange_name = serializers.CharField()
    testnet = serializers.BooleanField()
    server_time = serializers.DateTimeField()


class CredentialSerializer(serializers.ModelSerializer[ExchangeCredential]):
    exchange_name = serializers.CharField(source="exchange")
    testnet = serializers.SerializerMethodField()

    class Meta:
        model = ExchangeCredential
        fields = [
            "id",
            "exchange_name",
            "mode",
            "testnet",
            "market_type",
            "label",
            "api_key_hint",
            "is_paused",
            "paused_reason",
            "created_at",
            "last_checked_at",
            "last_check_error",
        ]
        read_only_fields = fields

    def get_testnet(self, credential: ExchangeCredential) -> bool:
        return credential.mode == Mode.TESTNET


class BalanceSerializer(serializers.Serializer[Any]):
    asset = serializers.CharField()
    free = serializers.DecimalField(max_digits=None, decimal_places=None)
    used = serializers.DecimalField(max_digits=None, decimal_places=None)
    total = serializers.DecimalField(max_digits=None, decimal_places=None)
    borrowed = serializers.DecimalField(
        max_digits=None, decimal_places=None, help_text="what of it the venue lent, interest included"
    )


class AccountSerializer(serializers.Serializer[Any]):
    exchange_name = serializers.CharField()
    market_type = serializers.CharField()
    mode = serializers.ChoiceField(choices=Mode.choices)
    credential_id = serializers.UUIDField()
    balances = BalanceSerializer(many=True)
    permissions = KeyPermissionsSerializer()


class FigureField(serializers.DecimalField):
    """A decimal string of at most twelve decimals, without trailing zeros."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": None, "decimal_places": 12, "normalize_output": True, **options})


class PositionSerializer(serializers.Serializer[Any]):
    """An open position on a margin or futures account. Money in units of `asset`."""

    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=["LONG", "SHORT"])
    quantity = FigureField(help_text="in base units")
    entry_price = FigureField()
    mark_price = FigureField(allow_null=True)
    leverage = FigureField()
    margin_mode = serializers.ChoiceField(choices=[str(mode) for mode in MarginMode])
    liquidation_price = FigureField(allow_null=True, help_text="null where the venue names none")
    unrealised_pnl = FigureField()
    funding = FigureField(
        allow_null=True, help_text="funding, rollover and interest since `funding_since`; negative: paid"
    )
    funding_since = serializers.DateTimeField(allow_null=True)
    asset = serializers.CharField()


class CapabilitiesSerializer(serializers.Serializer[Any]):
    """Of one account type. What is false is refused before anything is sent."""

    spot_trading = serializers.BooleanField()
    futures_trading = serializers.BooleanField()
    margin_trading = serializers.BooleanField()
    stop_loss_orders = serializers.BooleanField()
    take_profit_orders = serializers.BooleanField()
    advanced_orders = serializers.BooleanField(help_text="any of the four after it")
    oco_orders = serializers.BooleanField(help_text="stop and take profit of which one cancels the other")
    trailing_stop_orders = serializers.BooleanField()
    post_only_orders = serializers.BooleanField()
    reduce_only_orders = serializers.BooleanField()
    margin_modes = serializers.ListField(child=serializers.CharField())
    testnet = serializers.BooleanField()
    order_types = serializers.ListField(child=serializers.CharField())
    timeframes = serializers.ListField(child=serializers.CharField())


class AccountTypeSerializer(serializers.Serializer[Any]):
    market_type = serializers.CharField()
    capabilities = CapabilitiesSerializer()
    margin_modes = serializers.ListField(child=serializers.CharField())
    networks = serializers.ListField(child=serializers.CharField())
    has_own_keys = serializers.BooleanField()


class SupportedExchangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    capabilities = CapabilitiesSerializer(help_text="of the spot account; `accounts` has those of each account type")
    market_types = serializers.ListField(child=serializers.CharField())
    accounts = AccountTypeSerializer(many=True)
    timeframes = serializers.ListField(child=serializers.CharField())
    networks = serializers.ListField(child=serializers.CharField())
    needs_passphrase = serializers.BooleanField()
    markets_with_own_keys = serializers.ListField(child=serializers.CharField())
    credential_help = serializers.CharField(allow_blank=True)


class InstrumentSerializer(serializers.ModelSerializer[Instrument]):
    class Meta:
        model = Instrument
        fields = [
            "symbol",
            "base",
            "quote",
            "tick_size",
            "lot_step",
            "min_quantity",
            "max_quantity",
            "min_notional",
            "is_trading",
            "max_leverage",
            "settle",
        ]
        read_only_fields = fields
        extra_kwargs = {
            name: {"normalize_output": True}
            for name in ("tick_size", "lot_step", "min_quantity", "max_quantity", "min_notional")
        }
