"""REST endpoints of subscriptions. A user sees and changes only their own; another's answers 404."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from bots.models import Bot
from bots.queries import may_read_files, visible_bots
from exchanges.models import ExchangeCredential, Mode
from subscriptions import lifecycle
from subscriptions.errors import SubscriptionError
from subscriptions.models import Decision, FundingPayment, Order, Subscription, Trade
from subscriptions.reports import describe_position, performance_of, signals_of, streams_of
from subscriptions.serializers import (
    DecisionSerializer,
    FundingPaymentSerializer,
    HeldPositionSerializer,
    OrderSerializer,
    PerformanceSerializer,
    SignalSerializer,
    StopSerializer,
    StreamSerializer,
    SubscriptionCreateSerializer,
    SubscriptionSerializer,
    TradeSerializer,
)


class BotRunsViewSet(viewsets.GenericViewSet):
    """What a bot does where it runs: for its author and for moderators. Nothing about its subscribers."""

    queryset = Bot.objects.none()
    lookup_url_kwarg = "bot_id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Bot]:
        return visible_bots(self.request.user)

    def get_object(self) -> Bot:
        bot: Bot = super().get_object()
        if not may_read_files(self.request.user, bot):
            raise PermissionDenied
        return bot

    @extend_schema(responses=StreamSerializer(many=True))
    @action(detail=True, methods=["get"])
    def streams(self, request: Request, bot_id: Any = None) -> Response:
        """The markets it runs on, and their state."""
        rows = self.paginate_queryset(streams_of(self.get_object()))
        return self.get_paginated_response(StreamSerializer(rows, many=True).data)

    @extend_schema(responses=SignalSerializer(many=True))
    @action(detail=True, methods=["get"])
    def signals(self, request: Request, bot_id: Any = None) -> Response:
        """What it said candle by candle, with its log and its errors, newest first."""
        rows = self.paginate_queryset(signals_of(self.get_object()))
        return self.get_paginated_response(SignalSerializer(rows, many=True).data)


class SubscriptionFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Subscription.Status.choices)
    mode = django_filters.ChoiceFilter(choices=Mode.choices)
    exchange_type = django_filters.CharFilter(field_name="exchange")

    class Meta:
        model = Subscription
        fields: list[str] = []


class SubscriptionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    serializer_class = SubscriptionSerializer
    filterset_class = SubscriptionFilter
    lookup_url_kwarg = "subscription_id"
    lookup_value_converter = "uuid"
    queryset = Subscription.objects.none()

    @property
    def user(self) -> User:
        """Who asks; the permissions let only a logged-in user pass."""
        return cast("User", self.request.user)

    def get_queryset(self) -> QuerySet[Subscription]:
        return Subscription.objects.for_user(self.request.user).select_related("bot_version__bot")

    @extend_schema(request=SubscriptionCreateSerializer, responses={201: SubscriptionSerializer})
    def create(self, request: Request) -> Response:
        """Subscribe to a bot. It trades from `start` on; paper money is the default."""
        form = SubscriptionCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        execution = values.pop("execution_config")
        subscription = lifecycle.create_subscription(
            user=self.user,
            bot=self._bot(values.pop("bot_id")),
            credential=self._credential(values.pop("credential_id")),
            risk_config=_json_values(values.pop("risk_config")),
            **execution,
            **values,
        )
        return Response(SubscriptionSerializer(subscription).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=SubscriptionSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, subscription_id: Any = None) -> Response:
        """Run it from the next candle on."""
        changed = lifecycle.start_subscription(subscription=self.get_object(), actor=self.user)
        return Response(SubscriptionSerializer(changed).data)

    @extend_schema(request=None, responses=SubscriptionSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, subscription_id: Any = None) -> Response:
        """No new entries; exits stay in place and are carried out."""
        changed = lifecycle.pause_subscription(subscription=self.get_object(), actor=self.user)
        return Response(SubscriptionSerializer(changed).data)

    @extend_schema(request=StopSerializer, responses=SubscriptionSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, subscription_id: Any = None) -> Response:
        """Cancel its orders, and with `flatten` sell what it holds. STOPPING until the venue confirmed it."""
        form = StopSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        changed = lifecycle.stop_subscription(
            subscription=self.get_object(), actor=self.user, flatten=form.validated_data["flatten"]
        )
        return Response(SubscriptionSerializer(changed).data)

    @extend_schema(responses=PerformanceSerializer, filters=False)
    @action(detail=True, methods=["get"], filterset_class=None)
    def performance(self, request: Request, subscription_id: Any = None) -> Response:
        return Response(performance_of(self.get_object()).as_json())

    @extend_schema(responses=TradeSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None)
    def trades(self, request: Request, subscription_id: Any = None) -> Response:
        return self._paged(Trade.objects.filter(subscription=self.get_object()), TradeSerializer)

    @extend_schema(responses=HeldPositionSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None, pagination_class=None)
    def positions(self, request: Request, subscription_id: Any = None) -> Response:
        """What it holds now: one position, or none."""
        held = describe_position(self.get_object())
        return Response(HeldPositionSerializer([held] if held else [], many=True).data)

    @extend_schema(responses=FundingPaymentSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None)
    def funding(self, request: Request, subscription_id: Any = None) -> Response:
        """Funding, rollover and interest of its positions, newest first."""
        rows = FundingPayment.objects.filter(subscription=self.get_object())
        return self._paged(rows, FundingPaymentSerializer)

    @extend_schema(responses=OrderSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None)
    def orders(self, request: Request, subscription_id: Any = None) -> Response:
        return self._paged(Order.objects.filter(subscription=self.get_object()), OrderSerializer)

    @extend_schema(responses=DecisionSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None)
    def decisions(self, request: Request, subscription_id: Any = None) -> Response:
        rows = Decision.objects.filter(subscription=self.get_object()).select_related("signal")
        return self._paged(rows, DecisionSerializer)

    def _paged(self, rows: QuerySet[Any], serializer: type[Any]) -> Response:
        return self.get_paginated_response(serializer(self.paginate_queryset(rows), many=True).data)

    def _bot(self, bot_id: Any) -> Bot:
        bot = visible_bots(self.request.user).filter(pk=bot_id).first()
        if bot is None:
            raise SubscriptionError("There is no such bot.", field="bot_id")
        return bot

    def _credential(self, credential_id: Any) -> ExchangeCredential | None:
        if credential_id is None:
            return None
        credential = ExchangeCredential.objects.for_user(self.request.user).filter(pk=credential_id).first()
        if credential is None:
            raise SubscriptionError("There is no such credential among yours.", field="credential_id")
        return credential


def _json_values(config: dict[str, Any]) -> dict[str, Any]:
    """Decimals as plain strings; settings that were left out stay out."""
    return {
        name: value if isinstance(value, bool) else f"{value.normalize():f}"
        for name, value in config.items()
        if value is not None
    }
