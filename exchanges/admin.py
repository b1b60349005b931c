"""Admin: look at accounts, instruments, candles and paper books. Keys and secrets appear nowhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from exchanges import services
from exchanges.errors import ExchangeError
from exchanges.models import (
    Candle,
    ExchangeCredential,
    Instrument,
    PaperBalance,
    PaperFill,
    PaperOrder,
    PaperPayment,
    PaperPosition,
)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows, changes nothing."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ExchangeCredential)
class ExchangeCredentialAdmin(ReadOnlyAdmin):
    list_display = ["user", "exchange", "mode", "market_type", "label", "api_key_hint", "is_paused", "last_checked_at"]
    list_filter = ["exchange", "mode", "market_type", "is_paused"]
    search_fields = ["user__username", "label"]
    list_select_related = ["user"]
    exclude = ["api_key", "api_secret", "passphrase"]
    actions = ["check_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExchangeCredential]:
        """Without the secrets, so that the page opens even when they cannot be decrypted."""
        return super().get_queryset(request).defer("api_key", "api_secret", "passphrase")

    @admin.action(description="Ask the venue again whether it accepts the key", permissions=["view"])
    def check_again(self, request: HttpRequest, credentials: QuerySet[ExchangeCredential]) -> None:
        for credential in credentials:
            try:
                services.check_credential(credential=credential)
            except ExchangeError as error:
                self.message_user(request, f"{credential}: {error.message}", messages.ERROR)
            else:
                outcome = credential.last_check_error or "accepted"
                self.message_user(request, f"{credential}: {outcome}")


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = [
        "exchange",
        "network",
        "market_type",
        "symbol",
        "tick_size",
        "lot_step",
        "min_notional",
        "max_leverage",
        "is_trading",
    ]
    list_filter = ["exchange", "network", "market_type", "is_trading"]
    search_fields = ["symbol"]


@admin.register(Candle)
class CandleAdmin(ReadOnlyAdmin):
    list_display = ["instrument", "timeframe", "open_time", "open", "high", "low", "close", "volume"]
    list_filter = ["timeframe", "instrument__exchange"]
    list_select_related = ["instrument"]
    show_full_result_count = False
    ordering = ["-open_time"]


class PaperAdmin(ReadOnlyAdmin):
    """Rows of paper accounts."""

    search_fields = ["credential__user__username"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("credential__user").defer(*SECRETS)

    @admin.display(description="owner")
    def owner(self, row: Any) -> str:
        return f"{row.credential.user} {row.credential.exchange} {row.credential.label}"


@admin.register(PaperBalance)
class PaperBalanceAdmin(PaperAdmin):
    list_display = ["owner", "market_type", "asset", "free", "used"]
    list_filter = ["market_type"]


@admin.register(PaperPosition)
class PaperPositionAdmin(PaperAdmin):
    list_display = ["owner", "market_type", "symbol", "quantity", "cost", "leverage", "margin_mode", "margin"]
    list_filter = ["market_type", "margin_mode"]


@admin.register(PaperPayment)
class PaperPaymentAdmin(PaperAdmin):
    list_display = ["paid_at", "owner", "market_type", "symbol", "kind", "amount", "asset"]
    list_filter = ["kind", "market_type"]


class PaperFillInline(admin.TabularInline):
    model = PaperFill
    can_delete = False
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(PaperOrder)
class PaperOrderAdmin(PaperAdmin):
    list_display = ["id", "owner", "market_type", "side", "order_type", "quantity", "symbol", "status", "created_at"]
    list_filter = ["status", "market_type", "order_type", "side"]
    search_fields = ["client_order_id", "credential__user__username"]
    inlines = [PaperFillInline]


SECRETS = ("credential__api_key", "credential__api_secret", "credential__passphrase")
