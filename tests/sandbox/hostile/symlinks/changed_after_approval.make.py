"""One more line in bot.py."""

from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    return Extras(plant=plant)


def plant(folder: Path, target: dict[str, Any]) -> None:
    with (folder / "bot.py").open("a") as file:
        file.write("# changed\n")
