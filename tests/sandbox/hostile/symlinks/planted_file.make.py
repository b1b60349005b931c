"""A link to a file that everybody may read."""

from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    return Extras(plant=lambda folder, target: Path(folder, "link").symlink_to(target["readable"]))
