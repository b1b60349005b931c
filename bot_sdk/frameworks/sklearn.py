"""scikit-learn: joblib, pickle and skops files. What they give is the object that was saved."""

from __future__ import annotations

import io
from typing import Any

from bot_sdk.formats import SKOPS, Format


def load(data: bytes, found: Format | None) -> Any:
    """The estimator, scaler or pipeline as it was saved: `predict`, `predict_proba`, `transform` are its own."""
    if found is SKOPS:
        import skops.io

        # All types are trusted: this runs where the bot's code runs, and that could do whatever a type could.
        return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
    import joblib

    return joblib.load(io.BytesIO(data))
