"""What runs, for staff: streams, signals, subscriptions, orders. Shown, not edited: services change them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from subscriptions.models import Decision, Fill, FundingPayment, Order, Signal, SignalStream, Subscription, Trade


class ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SignalStream)
class SignalStreamAdmin(ReadOnlyAdmin):
    list_display = ["bot_version", "exchange", "symbol", "timeframe", "status", "last_candle", "consecutive_failures"]
    list_filter = ["status", "exchange", "timeframe"]
    list_select_related = ["bot_version__bot"]


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = ["stream", "candle_open_time", "outcome", "action", "price", "reason", "duration_seconds"]
    list_filter = ["outcome", "action"]
    list_select_related = ["stream__bot_version__bot"]
    show_full_result_count = False


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = [
        "instance_name",
        "user",
        "bot_version",
        "exchange",
        "market_type",
        "leverage",
        "margin_mode",
        "mode",
        "symbol",
        "timeframe",
        "status",
    ]
    list_filter = ["status", "mode", "exchange", "market_type", "timeframe"]
    search_fields = ["instance_name", "user__username", "bot_version__bot__name"]
    list_select_related = ["user", "bot_version__bot"]


class FillInline(admin.TabularInline):
    model = Fill
    extra = 0
    fields = ["executed_at", "price", "quantity", "fee", "fee_asset"]
    readonly_fields = ["executed_at", "price", "quantity", "fee", "fee_asset"]
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "subscription", "leg", "side", "order_type", "quantity", "symbol", "status"]
    list_filter = ["status", "leg", "side"]
    search_fields = ["client_order_id", "exchange_order_id", "subscription__instance_name"]
    list_select_related = ["subscription"]
    inlines = [FillInline]
    show_full_result_count = False


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "subscription", "signal", "outcome", "rule", "detail"]
    list_filter = ["outcome", "rule"]
    list_select_related = ["subscription", "signal"]
    show_full_result_count = False


@admin.register(Trade)
class TradeAdmin(ReadOnlyAdmin):
    list_display = ["closed_at", "subscription", "quantity", "entry_price", "exit_price", "funding", "pnl", "exit_leg"]
    list_filter = ["exit_leg"]
    list_select_related = ["subscription"]


@admin.register(FundingPayment)
class FundingPaymentAdmin(ReadOnlyAdmin):
    list_display = ["paid_at", "subscription", "amount", "asset", "amount_in_quote", "payment_id"]
    search_fields = ["subscription__instance_name", "payment_id"]
    list_select_related = ["subscription"]
    show_full_result_count = False
