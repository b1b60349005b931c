"""bot.py becomes a named pipe."""

import os
from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    return Extras(plant=plant)


def plant(folder: Path, target: dict[str, Any]) -> None:
    (folder / "bot.py").unlink()
    os.mkfifo(folder / "bot.py")
