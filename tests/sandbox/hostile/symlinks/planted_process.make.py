"""A link into /proc."""

from pathlib import Path
from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    return Extras(plant=lambda folder, target: Path(folder, "link").symlink_to(f"/proc/{target['host']}/environ"))
