"""data.bin becomes a link to a file of the platform's user, whose content was even guessed right."""

from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    content = Path(target["private"]).read_bytes()
    return Extras(files={"data.bin": content}, models={"data": ("DATA", "DATA", "")}, plant=plant)


def plant(folder: Path, target: dict[str, Any]) -> None:
    (folder / "data.bin").unlink()
    (folder / "data.bin").symlink_to(target["private"])
