"""Middleware of our own."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneAddressPerEndpoint:
    """API addresses are written without a trailing slash; one that is sent is taken off before routing.

    A redirect would lose the body of a POST.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith("/api/") and path.endswith("/") and path != "/api/":
            request.path_info = path.rstrip("/")
        return self.get_response(request)
