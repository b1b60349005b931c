from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def make_schedule(**_: object) -> None:
    from subscriptions.schedule import ensure_schedule

    ensure_schedule()


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(make_schedule, sender=self, dispatch_uid="subscriptions.schedule")
