"""Wiring only: settings, URLs, Celery, accounts, health and metrics."""

from marketplace.celery import app as celery_app

__all__ = ["celery_app"]
