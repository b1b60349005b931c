"""REST endpoints of exchanges: what is supported, a user's accounts, instruments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle
from rest_framework.views import APIView

from exchanges import services
from exchanges.base import MarketType
from exchanges.errors import AuthenticationError, UnknownExchange
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential, Instrument, Mode
from exchanges.serializers import (
    AccountSerializer,
    ConnectionSerializer,
    CredentialSerializer,
    InstrumentSerializer,
    KeySerializer,
    NewCredentialSerializer,
    SupportedExchangeSerializer,
    ValidatedSerializer,
)


@contextmanager
def blaming(field: str) -> Iterator[None]:
    """A key that the venue does not accept is the fault of that field of the request."""
    try:
        yield
    except AuthenticationError as error:
        error.field = field
        raise


class SupportedView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=SupportedExchangeSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """Every exchange there is an adapter for, and what it can do."""
        return Response([_describe(name) for name in ExchangeFactory.names()])


def _describe(name: str) -> dict[str, Any]:
    adapter = ExchangeFactory.get_adapter(name)
    capabilities = ExchangeFactory.get_exchange_capabilities(name)
    return {
        "name": name,
        "title": adapter.title,
        "capabilities": capabilities.as_dict(),
        "market_types": [kind.value for kind in MarketType if capabilities.supports(kind)],
        "timeframes": list(capabilities.timeframes),
        "networks": ["live", "testnet"] if capabilities.testnet else ["live"],
        "credential_help": adapter.credential_help,
    }


class KeyView(APIView):
    """Something that is done with a key from the request and forgotten."""

    throttle_scope = "credentials"


class ValidateCredentialsView(KeyView):
    @extend_schema(request=KeySerializer, responses=ValidatedSerializer)
    def post(self, request: Request) -> Response:
        """Whether the venue accepts the key, and whether it may do what it should and no more. Nothing is stored."""
        key = _read_key(request, KeySerializer)
        with blaming("api_key"):
            permissions = services.validate_keys(
                exchange=key["exchange_name"],
                api_key=key["api_key"],
                api_secret=key["api_secret"],
                testnet=key["testnet"],
            )
        answer = {
            "valid": True,
            "exchange_name": key["exchange_name"],
            "testnet": key["testnet"],
            "permissions": permissions,
        }
        return Response(ValidatedSerializer(answer).data)


class TestConnectionView(KeyView):
    @extend_schema(request=KeySerializer, responses=ConnectionSerializer)
    def post(self, request: Request) -> Response:
        """Whether the venue answers and accepts the key, whatever it may do."""
        key = _read_key(request, KeySerializer)
        with (
            blaming("api_key"),
            services.open_with_key(
                exchange=key["exchange_name"],
                api_key=key["api_key"],
                api_secret=key["api_secret"],
                testnet=key["testnet"],
            ) as exchange,
        ):
            answer = {
                "connected": exchange.test_connectivity(),
                "exchange_name": key["exchange_name"],
                "testnet": key["testnet"],
                "server_time": exchange.get_server_time(),
            }
        return Response(ConnectionSerializer(answer).data)


class AccountInfoView(APIView):
    @extend_schema(
        parameters=[
            OpenApiParameter(
                "mode", enum=Mode.values, description="default: of your newest account with a key, or paper"
            ),
            OpenApiParameter(
                "credential_id",
                OpenApiTypes.UUID,
                description="default: your newest account of that mode",
            ),
        ],
        responses=AccountSerializer,
    )
    def get(self, request: Request, exchange_name: str) -> Response:
        """Balances and permissions of one of your own accounts."""
        try:
            exchange_name = ExchangeFactory.get_adapter(exchange_name).name
        except UnknownExchange as error:
            error.field = "exchange_name"
            raise
        credential = _account_of(request, exchange_name)
        with services.open_exchange(credential=credential) as exchange:
            balances = exchange.get_balances()
            permissions = exchange.get_key_permissions()
        answer = {
            "exchange_name": exchange_name,
            "mode": credential.mode,
            "credential_id": credential.pk,
            "balances": [balances[asset] for asset in sorted(balances)],
            "permissions": permissions,
        }
        return Response(AccountSerializer(answer).data)


def _read_key(request: Request, serializer: type[KeySerializer]) -> dict[str, Any]:
    """The checked request. Its serializer holds the plain text, so it stays in here."""
    form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    return form.validated_data


def _user_of(request: Request) -> User:
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def _account_of(request: Request, exchange: str) -> ExchangeCredential:
    """The account that the query names, or the user's own default."""
    chosen = request.query_params.get("credential_id")
    mode = request.query_params.get("mode")
    if mode is not None and mode not in Mode.values:
        raise ValidationError({"mode": f"“{mode}” is none of {', '.join(Mode.values)}."})
    if chosen:
        return services.get_credential(user=request.user, credential_id=chosen, exchange=exchange, mode=mode)
    if mode is None:
        return services.main_credential(user=request.user, exchange=exchange)
    return services.default_credential(user=request.user, exchange=exchange, mode=mode)


@extend_schema_view(
    list=extend_schema(description="Your accounts. Keys are never shown; `api_key_hint` is a key's end."),
    destroy=extend_schema(description="Refused while a subscription uses the account."),
)
class CredentialViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    queryset = ExchangeCredential.objects.none()  # for the API schema
    serializer_class = CredentialSerializer
    throttle_scope = "credentials"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[ExchangeCredential]:
        return ExchangeCredential.objects.without_secrets().filter(user=_user_of(self.request))

    def get_throttles(self) -> list[BaseThrottle]:
        """What makes the venue check a key is limited; looking at a list is not."""
        throttles = super().get_throttles()
        if self.action in ("create", "check"):
            return throttles
        return [throttle for throttle in throttles if not isinstance(throttle, ScopedRateThrottle)]

    @extend_schema(request=NewCredentialSerializer, responses={201: CredentialSerializer})
    def create(self, request: Request) -> Response:
        """Store an API key, encrypted, once the venue has accepted it. Keys that can withdraw are refused."""
        key = _read_key(request, NewCredentialSerializer)
        with blaming("api_key"):
            credential = services.save_credential(
                user=request.user,
                exchange=key["exchange_name"],
                mode=Mode.TESTNET if key["testnet"] else Mode.LIVE,
                label=key["label"],
                api_key=key["api_key"],
                api_secret=key["api_secret"],
            )
        return Response(CredentialSerializer(credential).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: ExchangeCredential) -> None:
        services.delete_credential(credential=instance)

    @extend_schema(request=None, responses=CredentialSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: Any = None) -> Response:
        """Ask the venue again whether it accepts the key. `last_check_error` is empty if it does."""
        credential = get_object_or_404(ExchangeCredential, pk=pk, user=_user_of(request))
        return Response(CredentialSerializer(services.check_credential(credential=credential)).data)


@extend_schema_view(
    get=extend_schema(
        parameters=[
            OpenApiParameter("exchange", required=True, description="for example BINANCE"),
            OpenApiParameter("market_type", enum=[kind.value for kind in MarketType], description="default spot"),
            OpenApiParameter("search", description="the beginning of a symbol or of its base asset"),
        ]
    )
)
class InstrumentListView(generics.ListAPIView):
    """What can be traded on the live network: for choosing a pair."""

    queryset = Instrument.objects.none()  # for the API schema
    serializer_class = InstrumentSerializer

    def get_queryset(self) -> QuerySet[Instrument]:
        query = self.request.query_params
        try:
            exchange = ExchangeFactory.get_adapter(query.get("exchange", "")).name
        except UnknownExchange as error:
            raise ValidationError({"exchange": error.message}) from error
        market_type = query.get("market_type", MarketType.SPOT)
        if market_type not in set(MarketType):
            raise ValidationError({"market_type": f"“{market_type}” is none of {', '.join(MarketType)}."})
        return services.list_instruments(exchange=exchange, market_type=market_type, search=query.get("search", ""))
