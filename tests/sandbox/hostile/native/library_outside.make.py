"""A compiled library beside the bot's folder."""

from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, small_library


def extras(target: dict[str, Any]) -> Extras:
    return Extras(plant=plant)


def plant(folder: Path, target: dict[str, Any]) -> None:
    (folder.parent / "native.so").write_bytes(small_library())
