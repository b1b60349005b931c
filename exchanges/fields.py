"""Model fields: secrets that cannot be misread or shown, and decimals that come back digit for digit.

The encrypted fields are strict versions of django-encrypted-model-fields 0.6.5. That library stores a repr where an
expression is saved (`bulk_update()`, `.update()`), hands out ciphertext under a wrong key, decrypts what a user posts,
and reads its keys once at import. None of that happens here; `tests/exchanges/test_fields.py` has a case for each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.expressions import BaseExpression, Case, CombinedExpression, Value
from django.db.models.functions import Cast
from django.db.models.query_utils import DeferredAttribute
from encrypted_model_fields import fields as library

from exchanges.errors import CredentialUnreadable

MASK = "********"


# --- secrets
class Secret:
    """A secret in memory. Printed, formatted, logged or on a debug page it is a mask; `reveal()` is the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def of(cls, text: Secret | str) -> Secret:
        return text if isinstance(text, Secret) else cls(text)

    def reveal(self) -> str:
        return self._text

    @property
    def hint(self) -> str:
        """The end of it, by which its owner knows it again; of a short one nothing."""
        return self._text[-4:] if len(self._text) >= 12 else ""

    def __str__(self) -> str:
        return MASK if self._text else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == (other._text if isinstance(other, Secret) else other)

    def __hash__(self) -> int:
        return hash(self._text)


def field_keys() -> tuple[str, ...]:
    """The keys of settings.FIELD_ENCRYPTION_KEY as they are now, newest first."""
    configured = settings.FIELD_ENCRYPTION_KEY
    keys = (configured,) if isinstance(configured, str) else tuple(configured)
    if not any(keys):
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEY is empty; make a key with `manage.py generate_field_key`.")
    return keys


@lru_cache(maxsize=8)
def _crypter(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:  # the message of the original may quote the key
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEY holds something that is no Fernet key; make one with `manage.py generate_field_key`."
        ) from None


def encrypt(text: str) -> str:
    return _crypter(field_keys()).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    try:
        return _crypter(field_keys()).decrypt(token.encode()).decode()
    except InvalidToken:
        raise CredentialUnreadable(
            "A stored secret cannot be read with the configured FIELD_ENCRYPTION_KEY; "
            "put back the key it was saved with, or have it entered again."
        ) from None


class Ciphertext(Value):
    """An already encrypted text on its way into the database. For key rotation only."""


class _SecretAttribute(DeferredAttribute):
    """The attribute on the model: whatever is assigned is held as a `Secret`."""

    def __set__(self, instance: models.Model, value: object) -> None:
        is_text = isinstance(value, str)
        instance.__dict__[self.field.attname] = Secret(value) if is_text else value  # type: ignore[arg-type]


class StrictEncryptedMixin(library.EncryptedMixin):
    """Encrypts on the way into the database, decrypts on the way out, nowhere else."""

    descriptor_class = _SecretAttribute

    def to_python(self, value: Any) -> Any:
        """What was posted or deserialised, literally: a text that looks encrypted stays that text."""
        return value.reveal() if isinstance(value, Secret) else super(library.EncryptedMixin, self).to_python(value)

    def from_db_value(self, value: str | None, *_args: object) -> Secret | None:
        return None if value is None else Secret(decrypt(value))

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(value)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if value is None:
            return None
        if isinstance(value, BaseExpression):
            return self._check_expression(value, connection)
        return encrypt(str(self.to_python(value)))

    def _check_expression(self, value: BaseExpression, connection: BaseDatabaseWrapper) -> Any:
        """Constants are encrypted; anything the database would compute is refused, it cannot encrypt."""
        if isinstance(value, Ciphertext):
            return value
        if isinstance(value, Value):
            return self.get_db_prep_save(value.value, connection)
        if isinstance(value, Cast):  # how bulk_update() wraps its Case on PostgreSQL
            self._check_expression(value.get_source_expressions()[0], connection)
            return value
        if isinstance(value, Case):  # bulk_update(): its values are encrypted one by one, through their output field
            results = [case.result for case in value.cases] + [value.default]
            if all(
                isinstance(result, Value) and (result.value is None or result._output_field_or_none is self)  # type: ignore[attr-defined]
                for result in results
            ):
                return value
        raise FieldError(f"{self.name} is encrypted: it can be set to a value, not to a database expression.")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: the only look-up it has is isnull, not {lookup_name}.")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"{self.name} is encrypted: it has no {lookup_name}.")

    def formfield(self, **_options: Any) -> None:
        """None in a ModelForm: it would show the mask and save it as the new secret. Services set secrets."""

    def value_to_string(self, _obj: models.Model) -> str:
        """For `dumpdata`: nothing. A dump is no place for secrets; back up the database instead."""
        return ""


class EncryptedCharField(StrictEncryptedMixin, library.EncryptedCharField):
    pass


class EncryptedTextField(StrictEncryptedMixin, library.EncryptedTextField):
    pass


# --- decimals
COLLATION = "exact_decimal"


class ExactDecimalField(models.DecimalField):
    """A DecimalField that comes back digit for digit, on PostgreSQL (numeric) and on SQLite (text).

    Django's own keeps 15 significant digits on SQLite, where a decimal becomes a float. Here SQLite holds plain text
    (`12345678.12345678`) in a column with a collation that compares numbers, registered on every connection: filters,
    ordering, `Min`, `Max`, unique constraints and indexes work as on PostgreSQL. What SQLite would compute by itself it
    would compute in floats, so that is refused there: no `F("a") + 1`, and `Sum` or `Avg` raise when their result is
    read. Add up in Python.

    Values are rounded half to even at `decimal_places`, on both databases alike.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 30, "decimal_places": 12, **options})

    def get_internal_type(self) -> str:
        return "ExactDecimalField"  # so that Django's float conversions for "DecimalField" stay away

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        if connection.vendor == "sqlite":
            return "text"
        return f"numeric({self.max_digits}, {self.decimal_places})"

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)
        if connection.vendor == "sqlite":
            parameters["collation"] = COLLATION
        return parameters

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        if value is None or isinstance(value, BaseExpression):
            return value
        exact = self._round(value)
        return _plain(exact) if connection.vendor == "sqlite" else exact

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if isinstance(value, CombinedExpression) and connection.vendor == "sqlite":
            raise FieldError(f"{self.name}: SQLite would compute this in floats; compute it in Python.")
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: Any, _expression: object, connection: BaseDatabaseWrapper) -> Decimal | None:
        if isinstance(value, float) or (isinstance(value, int) and connection.vendor == "sqlite"):
            raise FieldError(f"{self.name}: SQLite computed this in floats; add up in Python.")
        return None if value is None else Decimal(value)

    def _round(self, value: Decimal) -> Decimal:
        try:
            return value.quantize(Decimal(1).scaleb(-self.decimal_places), context=Context(prec=self.max_digits))
        except InvalidOperation:
            raise ValueError(f"{self.name}: {value} has more than {self.max_digits} digits.") from None


def _plain(value: Decimal) -> str:
    """`100`, `0.5`: no exponent and no trailing zeros, so that equal numbers are equal texts."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _compare(left: str, right: str) -> int:
    a, b = Decimal(left), Decimal(right)
    return (a > b) - (a < b)


def _add_collation(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    if connection.vendor == "sqlite":
        raw: sqlite3.Connection = connection.connection
        create: Callable[[str, Any], None] = raw.create_collation
        create(COLLATION, _compare)


connection_created.connect(_add_collation, dispatch_uid=COLLATION)
