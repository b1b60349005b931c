"""A link to a folder that everybody may list."""

from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    return Extras(plant=lambda folder, target: Path(folder, "link").symlink_to(target["folder"]))
