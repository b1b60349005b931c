"""The SDK is a package of its own, installable by pip from its folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SDK = Path(__file__).resolve().parent.parent.parent / "bot_sdk"


def test_a_wheel_can_be_built_from_the_folder_and_works_alone(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    source = tmp_path / "source"
    shutil.copytree(SDK, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('../wheels')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True, timeout=120)
    [wheel] = (tmp_path / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")

    installed = tmp_path / "installed" / "bot_sdk"
    modules = {str(path.relative_to(installed)) for path in installed.rglob("*.py")}
    assert modules == {str(path.relative_to(SDK)) for path in SDK.rglob("*.py")}
    use = "import bot_sdk; print(bot_sdk.__file__, bot_sdk.Action('BUY', 1).action)"
    environment = {"PYTHONPATH": str(tmp_path / "installed")}
    printed = subprocess.run(
        [sys.executable, "-c", use], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert printed.split() == [str(tmp_path / "installed" / "bot_sdk" / "__init__.py"), "BUY"]
