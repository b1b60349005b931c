"""What can be refused about a subscription: a sentence for a person, and the field it is about."""

from __future__ import annotations


class SubscriptionError(Exception):
    code = "invalid"
    status_code = 400

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidTransition(SubscriptionError):
    """The subscription is not in a state that allows this."""

    code = "invalid_transition"
    status_code = 409
