"""Django's own checks (`manage.py check`) of this app's settings; web and worker look at them when they start."""

from __future__ import annotations

from typing import Any

import structlog
from django.conf import settings
from django.core.checks import Error, register

from bots import runtime

log = structlog.get_logger(__name__)


@register("sandbox")
def unsafe_samples_need_debug(**_: Any) -> list[Error]:
    if not settings.SANDBOX_UNSAFE_SAMPLES or settings.DEBUG:
        return []
    return [
        Error(
            "SANDBOX_UNSAFE_SAMPLES is set, and DEBUG is off.",
            hint="It runs sample bots without a sandbox, to look at the product on a developer's machine. Unset it.",
            id="bots.E001",
        )
    ]


def warn_of_unsafe_samples() -> None:
    """At start-up, into the log."""
    if runtime.samples_run_unconfined():
        log.warning("UNSAFE_samples_run_without_a_sandbox", setting="SANDBOX_UNSAFE_SAMPLES")
    elif settings.SANDBOX_UNSAFE_SAMPLES and settings.DEBUG:
        log.warning("unsafe_samples_without_effect", why="this machine can make a sandbox, so it is used")
