"""Key rotation: stored secrets from any configured key to the newest one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F

from exchanges.fields import Ciphertext, StrictEncryptedMixin, field_keys


@dataclass
class Counts:
    rotated: int = 0
    current: int = 0  # encrypted with the newest key before
    unreadable: list[str] = field(default_factory=list)  # where, never what

    @property
    def seen(self) -> int:
        return self.rotated + self.current + len(self.unreadable)

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.rotated + other.rotated, self.current + other.current, self.unreadable + other.unreadable)

    def __str__(self) -> str:
        return f"{self.rotated} rotated, {self.current} current already, {len(self.unreadable)} unreadable"


def rotate_model(model: type[models.Model], *, batch_size: int) -> Counts:
    """In primary key order, a transaction per batch: after a crash the next run does what is left."""
    names = [name.attname for name in model._meta.local_concrete_fields if isinstance(name, StrictEncryptedMixin)]
    counts = Counts()
    if not names or model._meta.proxy:
        return counts
    raw = {f"raw_{name}": ExpressionWrapper(F(name), output_field=models.TextField()) for name in names}
    rows = model._base_manager.annotate(**raw).order_by("pk")
    last: Any = None
    while True:
        batch = list((rows if last is None else rows.filter(pk__gt=last)).values("pk", *raw)[:batch_size])
        if not batch:
            return counts
        with transaction.atomic():
            for row in batch:
                for name in names:
                    _rotate(rows.filter(pk=row["pk"]), name, row[f"raw_{name}"], counts)
        last = batch[-1]["pk"]


def _rotate(row: models.QuerySet[Any], name: str, token: str | None, counts: Counts) -> None:
    if token is None:
        return
    keys = [Fernet(key) for key in field_keys()]
    try:
        keys[0].decrypt(token.encode())
    except InvalidToken:
        pass
    else:
        counts.current += 1
        return
    try:
        renewed = MultiFernet(keys).rotate(token.encode()).decode()
    except InvalidToken:
        counts.unreadable.append(f"{row.model._meta.label}.{name} of {row.values_list('pk').get()[0]}")
        return
    # Only if it is still the same: whoever entered a new secret meanwhile has used the newest key.
    text = Ciphertext(renewed, output_field=models.TextField())
    if row.filter(**{f"raw_{name}": token}).update(**{name: text}):
        counts.rotated += 1
    else:
        counts.current += 1
