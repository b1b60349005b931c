"""Log lines, as settings.LOGGING formats them."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from copy import deepcopy

import pytest
import structlog
from django.conf import settings


def refuse(api_secret: str) -> None:
    raise RuntimeError(f"a key of {len(api_secret)} characters was refused")


def log_a_failure(logger: structlog.stdlib.BoundLogger) -> None:
    try:
        refuse("".join(["s3cr3t", "-of-a-user"]))
    except RuntimeError:
        logger.exception("venue_failed", exchange="BINANCE")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_in_the_log_shows_no_local_variables(log_format: str) -> None:
    config = deepcopy(settings.LOGGING)
    output = io.StringIO()
    config["handlers"] = {"probe": {"class": "logging.StreamHandler", "formatter": log_format, "stream": output}}
    config["root"] = {"handlers": ["probe"], "level": "INFO"}
    config["loggers"] = {}
    handlers, level = logging.root.handlers[:], logging.root.level
    try:
        logging.config.dictConfig(config)
        log_a_failure(structlog.get_logger("tests.logging"))
    finally:
        logging.root.handlers[:], logging.root.level = handlers, level
    text = output.getvalue()
    assert "a key of 16 characters was refused" in text
    assert "s3cr3t-of-a-user" not in text
    if log_format == "json":
        line = json.loads(text)
        assert (line["event"], line["exchange"], line["level"]) == ("venue_failed", "BINANCE", "error")
