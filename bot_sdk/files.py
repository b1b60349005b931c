"""Load a bot's MODEL, WEIGHTS, CONFIG and DATA files into what the bot gets as `config["models"]`.

Runs where bot code runs: a pickle is code, so nothing outside the sandbox may call this on a stranger's file. How a
framework's files are loaded stands in `frameworks/`, one module each; how they are told apart in `formats.py`.
"""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePath
from typing import Any

from bot_sdk.formats import recognise
from bot_sdk.frameworks import FRAMEWORKS, LOADERS
from bot_sdk.frameworks.wrapper import UnsupportedFramework

__all__ = ["FRAMEWORKS", "UnsupportedFramework", "default_key", "load_bytes", "load_file"]


def default_key(file_type: str, name: str) -> str:
    """The key under which a bot finds a file: its type in capitals, or SCALER for `scaler.joblib`."""
    return "SCALER" if PurePath(name).stem.lower() == "scaler" else file_type.upper()


def load_file(path: Path, *, file_type: str, framework: str = "") -> Any:
    """As `load_bytes`, from a file on disk."""
    return load_bytes(path.read_bytes(), name=path.name, file_type=file_type, framework=framework)


def load_bytes(data: bytes, *, name: str, file_type: str, framework: str = "") -> Any:
    """A model or its weights (see `frameworks`), parsed JSON, a DataFrame from CSV, or the bytes of anything else.

    Without a framework that of a MODEL or WEIGHTS file is seen from its content. From bytes and not by path,
    so that what is loaded is what was hashed. Raises UnsupportedFramework, or whatever the framework raises
    for a file it cannot read.
    """
    framework = framework.upper()
    if framework and framework not in FRAMEWORKS:
        raise UnsupportedFramework(f"framework {framework} is not one of {', '.join(FRAMEWORKS)}")
    found = recognise(io.BytesIO(data)) if framework or file_type in ("MODEL", "WEIGHTS") else None
    if found and framework not in ("", found.framework):
        raise UnsupportedFramework(f"the framework is {framework}, but the file is {found.title}: {found.framework}")
    if framework or found:
        return LOADERS[found.framework if found else framework](data, found)
    suffix = PurePath(name).suffix.lower()
    if suffix == ".json":
        return json.loads(data.decode("utf-8"))
    if suffix == ".csv":
        import pandas as pd

        return pd.read_csv(io.BytesIO(data))
    return data
