"""Encrypt every stored secret anew with the newest key."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchanges.rotation import Counts, rotate_model


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret anew with the first key of FIELD_ENCRYPTION_KEY. Safe to run again, "
        "and to run while the site is up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch-size", type=int, default=200, help="rows per transaction")

    def handle(self, *_args: Any, batch_size: int, **_options: Any) -> None:
        total = Counts()
        for model in apps.get_models():
            counts = rotate_model(model, batch_size=batch_size)
            if counts.seen:
                self.stdout.write(f"{model._meta.label}: {counts}")
            total += counts
        self.stdout.write(f"Total: {total}")
        if total.unreadable:
            raise CommandError(
                f"{len(total.unreadable)} secrets open with none of the keys and were left as they are: "
                + ", ".join(total.unreadable[:20])
            )
