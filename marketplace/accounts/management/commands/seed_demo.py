from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from marketplace.demo.errors import DemoError
from marketplace.demo.seed import seed


class Command(BaseCommand):
    help = "Make the demo's accounts, bots and subscriptions; harmless when they exist."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            seed(Path(settings.DATA_DIR) / "demo.json")
        except DemoError as error:
            raise CommandError(str(error)) from error
