"""bot.py becomes a link."""

from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    return Extras(plant=plant)


def plant(folder: Path, target: dict[str, Any]) -> None:
    (folder / "bot.py").rename(folder / "elsewhere.py")
    (folder / "bot.py").symlink_to("elsewhere.py")
