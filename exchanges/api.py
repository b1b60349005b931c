"""REST endpoints of exchanges: what is supported, a user's accounts, instruments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from exchanges.base import BaseExchange, ExchangeCapabilities, MarginMode, MarketType
from exchanges.errors import AuthenticationError, UnknownExchange
from exchanges.factory import ExchangeFactory
from exchanges.keys import ApiKey
from exchanges.models import ExchangeCredential, Instrument, Mode
from exchanges.serializers import (
    AccountSerializer,
    ConnectionSerializer,
    CredentialSerializer,
    InstrumentSerializer,
    KeySerializer,
    NewCredentialSerializer,
    PositionSerializer,
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
    accounts = [
        _describe_account(adapter, kind, ExchangeFactory.get_exchange_capabilities(name, kind))
        for kind in MarketType
        if capabilities.supports(kind)
    ]
    return {
        "name": name,
        "title": adapter.title,
        "capabilities": capabilities.as_dict(),
        "market_types": [account["market_type"] for account in accounts],
        "accounts": accounts,
        "timeframes": list(capabilities.timeframes),
        "networks": _networks(capabilities),
        "needs_passphrase": adapter.needs_passphrase,
        "markets_with_own_keys": sorted(adapter.markets_with_own_keys),
        "credential_help": adapter.credential_help,
    }


def _describe_account(
    adapter: type[BaseExchange], kind: MarketType, capabilities: ExchangeCapabilities
) -> dict[str, Any]:
    return {
        "market_type": kind.value,
        "capabilities": capabilities.as_dict(),
        "margin_modes": [mode.value for mode in capabilities.margin_modes],
        "networks": _networks(capabilities),
        "has_own_keys": kind in adapter.markets_with_own_keys,
    }


def _networks(capabilities: ExchangeCapabilities) -> list[str]:
    return ["live", "testnet"] if capabilities.testnet else ["live"]


class KeyView(APIView):
    """Something that is done with a key from the request and forgotten."""

    throttle_scope = "credentials"


class ValidateCredentialsView(KeyView):
    @extend_schema(request=KeySerializer, responses=ValidatedSerializer)
    def post(self, request: Request) -> Response:
        """Whether the venue accepts the key, and whether it may do what it should and no more. Nothing is stored."""
        key = _read_key(request)
        with blaming("api_key"):
            permissions = key.validate()
        answer = {
            "valid": True,
            "exchange_name": key.exchange,
            "testnet": key.testnet,
            "permissions": permissions,
        }
        return Response(ValidatedSerializer(answer).data)


class TestConnectionView(KeyView):
    @extend_schema(request=KeySerializer, responses=ConnectionSerializer)
    def post(self, request: Request) -> Response:
        """Whether the venue answers and accepts the key, whatever it may do."""
        key = _read_key(request)
        with blaming("api_key"), key.open() as exchange:
            answer = {
                "connected": exchange.test_connectivity(),
                "exchange_name": key.exchange,
                "testnet": key.testnet,
                "server_time": exchange.get_server_time(),
            }
        return Response(ConnectionSerializer(answer).data)


ACCOUNT_PARAMETERS = [
    OpenApiParameter("mode", enum=Mode.values, description="default: of your newest account with a key, or paper"),
    OpenApiParameter(
        "credential_id", OpenApiTypes.UUID, description="default: your newest account of that mode and market type"
    ),
    OpenApiParameter(
        "margin_mode",
        enum=[mode.value for mode in MarginMode],
        description="of margin: which of the two accounts; default cross",
    ),
]


class AccountInfoView(APIView):
    @extend_schema(
        parameters=[
            *ACCOUNT_PARAMETERS,
            OpenApiParameter("market_type", enum=[kind.value for kind in MarketType], description="default spot"),
        ],
        responses=AccountSerializer,
    )
    def get(self, request: Request, exchange_name: str) -> Response:
        """Balances and permissions of one of your own accounts."""
        account = _account_of(request, exchange_name, default=MarketType.SPOT)
        with account.open() as exchange:
            balances = exchange.get_balances()
            permissions = exchange.get_key_permissions()
        answer = {
            "exchange_name": account.credential.exchange,
            "market_type": account.market_type,
            "mode": account.credential.mode,
            "credential_id": account.credential.pk,
            "balances": [balances[asset] for asset in sorted(balances)],
            "permissions": permissions,
        }
        return Response(AccountSerializer(answer).data)


class PositionsView(APIView):
    @extend_schema(
        parameters=[
            *ACCOUNT_PARAMETERS,
            OpenApiParameter("market_type", enum=["margin", "futures"], description="default futures"),
        ],
        responses=PositionSerializer(many=True),
    )
    def get(self, request: Request, exchange_name: str) -> Response:
        """The open positions of one of your own margin or futures accounts, as the venue tells them."""
        account = _account_of(request, exchange_name, default=MarketType.FUTURES)
        if account.market_type == MarketType.SPOT:
            raise ValidationError({"market_type": "A spot account holds coins, not positions: see account-info."})
        with account.open() as exchange:
            positions = services.describe_positions(exchange=exchange)
        return Response(PositionSerializer(positions, many=True).data)


def _read_key(request: Request) -> ApiKey:
    """The checked request. Its serializer holds the plain text, so it stays in here."""
    form = KeySerializer(data=request.data)
    form.is_valid(raise_exception=True)
    return form.key()


def _user_of(request: Request) -> User:
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


@dataclass(frozen=True, slots=True)
class Account:
    """One of the user's own, and which of its account types is meant."""

    credential: ExchangeCredential
    market_type: MarketType
    margin_mode: str

    def open(self) -> BaseExchange:
        return services.open_exchange(
            credential=self.credential, market_type=self.market_type, margin_mode=self.margin_mode
        )


def _account_of(request: Request, exchange_name: str, *, default: MarketType) -> Account:
    """The account that the query names, or the user's own default."""
    try:
        exchange = ExchangeFactory.get_adapter(exchange_name).name
    except UnknownExchange as error:
        error.field = "exchange_name"
        raise
    query = request.query_params
    choices: dict[str, list[str]] = {
        "mode": Mode.values,
        "market_type": list(MarketType),
        "margin_mode": list(MarginMode),
    }
    for name, known in choices.items():
        if name in query and query[name] not in known:
            raise ValidationError({name: f"“{query[name]}” is none of {', '.join(known)}."})
    market_type = MarketType(query.get("market_type", default))
    mode, chosen = query.get("mode"), query.get("credential_id")
    wanted: dict[str, Any] = {"user": request.user, "exchange": exchange, "market_type": market_type}
    if chosen:
        credential = services.get_credential(credential_id=chosen, mode=mode, **wanted)
    elif mode is None:
        credential = services.main_credential(**wanted)
    else:
        credential = services.default_credential(mode=mode, **wanted)
    return Account(credential, market_type, query.get("margin_mode", ""))


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
        form = NewCredentialSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        key, label = form.key(), form.validated_data["label"]
        del form  # it holds the plain text
        with blaming("api_key"):
            credential = services.save_credential(
                user=request.user,
                exchange=key.exchange,
                mode=Mode.TESTNET if key.testnet else Mode.LIVE,
                label=label,
                api_key=key.api_key,
                api_secret=key.api_secret,
                passphrase=key.passphrase,
                market_type=key.market_type,
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
