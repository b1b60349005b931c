"""What all API endpoints share: paging, and one shape of error.

An error is `{"error": {"code": "...", "message": "a sentence", "field": "...", "fields": {...}}}`; `field` and `fields`
are there when the request's own content is at fault.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found, server_error
from rest_framework import exceptions, status
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from bots.errors import BotError
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InvalidRequest,
    NotSupported,
    OrderRejected,
    TransientExchangeError,
    UnknownExchange,
)
from subscriptions.errors import SubscriptionError

# The first class that fits decides.
EXCHANGE_STATUSES: tuple[tuple[type[ExchangeError], int], ...] = (
    (UnknownExchange, status.HTTP_400_BAD_REQUEST),
    (InvalidRequest, status.HTTP_400_BAD_REQUEST),
    (NotSupported, status.HTTP_400_BAD_REQUEST),
    (AuthenticationError, status.HTTP_400_BAD_REQUEST),
    (OrderRejected, status.HTTP_400_BAD_REQUEST),
    (TransientExchangeError, status.HTTP_503_SERVICE_UNAVAILABLE),
    (ExchangeError, status.HTTP_502_BAD_GATEWAY),
)


class Pagination(PageNumberPagination):
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 200


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that does not exist: JSON under /api/, a page elsewhere."""
    if request.path.startswith("/api/"):
        return JsonResponse(error_body("not_found", "There is no such address."), status=404)
    return page_not_found(request, exception)


def server_failed(request: HttpRequest) -> HttpResponse:
    """A fault of ours: JSON under /api/, a page elsewhere. What happened stands in the log, not here."""
    if request.path.startswith("/api/"):
        return JsonResponse(error_body("server_error", "Something went wrong on our side."), status=500)
    return server_error(request)


def error_body(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal as JSON with a code, a sentence and the field it is about."""
    if isinstance(error, ExchangeError):
        status_code = next(answer for kind, answer in EXCHANGE_STATUSES if isinstance(error, kind))
        retry_after = getattr(error, "retry_after", None)
        headers = {"Retry-After": str(max(1, round(retry_after)))} if retry_after else {}
        return Response(_problem(error), status=status_code, headers=headers)
    if isinstance(error, BotError | SubscriptionError):
        return Response(_problem(error), status=error.status_code)

    response = drf_exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = _validation_body(error)
    else:
        code, message = _code_and_message(error)
        response.data = error_body(code, message)
    return response


def _problem(error: ExchangeError | BotError | SubscriptionError) -> dict[str, Any]:
    field = getattr(error, "field", "")
    return error_body(error.code, error.message, **({"field": field} if field else {}))


def _validation_body(error: exceptions.ValidationError) -> dict[str, Any]:
    """The first field's first message as the sentence, all of them under `fields`."""
    detail = error.detail
    if isinstance(detail, list):
        return error_body("invalid", str(detail[0]))
    fields = _flatten(detail)
    field, message = next(iter(fields.items()))
    if field == "non_field_errors":
        return error_body("invalid", message)
    return error_body("invalid", message, field=field, fields=fields)


def _flatten(detail: Any, prefix: str = "") -> dict[str, str]:
    """`{"risk_config": {"stop_loss_pct": ["..."]}}` as `{"risk_config.stop_loss_pct": "..."}`."""
    if isinstance(detail, dict):
        flat: dict[str, str] = {}
        for name, value in detail.items():
            flat.update(_flatten(value, f"{prefix}.{name}" if prefix else str(name)))
        return flat
    if isinstance(detail, list):
        first = next((item for item in detail if item), "Invalid value.")
        return _flatten(first, prefix) if isinstance(first, dict) else {prefix: str(first)}
    return {prefix: str(detail)}


def _code_and_message(error: Exception) -> tuple[str, str]:
    if isinstance(error, Http404):
        return "not_found", "There is nothing here, or it is not yours."
    if isinstance(error, PermissionDenied):
        return "permission_denied", "You may not do this."
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        return (codes if isinstance(codes, str) else "invalid"), str(error.detail)
    return "error", str(error)
