"""Loads a copy of `run`, which has no .py in its name, as a module whose checkout is a folder of the test."""

import importlib.util
import shutil
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def load_run(folder: Path) -> ModuleType:
    shutil.copy(ROOT / "run", folder / "run")
    loader = SourceFileLoader("run_script", str(folder / "run"))
    spec = importlib.util.spec_from_loader("run_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
