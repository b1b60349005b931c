"""The programs in this folder, and what their headers say. A header that is not understood is an error."""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from bots.sandbox.types import BotPackage, OutcomeStatus
from tests.sandbox.helpers import write_package

FOLDER = Path(__file__).resolve().parent
HELPER = "attack.py"
MAKER = ".make.py"
TIERS = ("A", "B", "C")
# BLOCKED: the bot says that its attempt was denied. NOT_STOPPED: it says that it succeeded, and docs/security.md
# says why that is borne. OK: it was answered as any other bot, whatever it tried. REFUSED: the host did not even run
# it, its files are not what was approved. The others are outcomes.
BLOCKED, NOT_STOPPED, REFUSED = "BLOCKED", "NOT_STOPPED", "REFUSED"
VERDICTS = (BLOCKED, NOT_STOPPED, REFUSED, *OutcomeStatus)
LAYERS = (
    *("seccomp", "landlock", "uid", "capabilities", "rlimits", "descriptors", "parent_death"),  # lockdown.py
    "no_new_privs",  # always with seccomp
    "namespaces",  # tier A
    "stopping",  # of the worker between calls
    "zygote",  # a clean process from the start: nothing is there to be found
    "host",  # checks what comes back, and its own clock
    "kernel",  # refuses this to everybody
)
KEYS = ("expect", "tiers", "layers", "error", "calls", "streams", "pause", "wall", "start_up", "needs", "unconfined")


class HeaderError(ValueError):
    """A program's header is missing or misspelt."""


@dataclass(frozen=True, slots=True)
class Program:
    """One hostile program.

    `expect`: the verdicts that will do, by tier. `layers`: those that each alone stop it. `error`: a part of
    the outcome's error. `calls`: how often it is asked, `pause` seconds apart, for all of `streams` each
    time. `wall`: seconds a call may take, `start_up`: loading. `needs`: modules without which there is nothing
    to attack. `unconfined`: why it cannot be tried outside of the sandbox.
    """

    name: str
    path: Path
    title: str
    expect: dict[str, frozenset[str]]
    layers: frozenset[str] = frozenset()
    error: str = ""
    calls: int = 1
    pause: float = 0.0
    wall: float = 60.0
    start_up: float = 60.0
    streams: tuple[str, ...] = ("attacker",)
    needs: tuple[str, ...] = ()
    unconfined: str = ""

    @property
    def family(self) -> str:
        return self.name.partition("/")[0]

    @property
    def missing(self) -> str:
        """Those of `needs` that are not installed."""
        return ", ".join(module for module in self.needs if importlib.util.find_spec(module) is None)


@dataclass(slots=True)
class Extras:
    """What a `NAME.make.py` adds: `files` of the package, and `plant`ed ones that no manifest knows."""

    files: dict[str, bytes] = field(default_factory=dict)
    models: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    plant: Callable[[Path, dict[str, Any]], None] | None = None


def programs() -> list[Program]:
    """All of them, by name. Raises HeaderError."""
    paths = [path for path in FOLDER.glob("*/*.py") if not path.name.endswith(MAKER)]
    return [read_program(path) for path in sorted(paths)]


def read_program(path: Path) -> Program:
    """Raises HeaderError."""
    name = f"{path.parent.name}/{path.stem}"
    try:
        return parse_header(name, path, path.read_text(encoding="utf-8"))
    except (ValueError, KeyError) as error:
        raise HeaderError(f"{name}: {error}") from error


def parse_header(name: str, path: Path, source: str) -> Program:
    """The comment block at the top: sentences about the attack, then `key: value` lines. Raises ValueError."""
    sentences: list[str] = []
    values: dict[str, str] = {}
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        key, colon, value = line.removeprefix("#").strip().partition(": ")
        if colon and key in KEYS:
            if key in values:
                raise ValueError(f"{key} stands there twice")
            values[key] = value.strip()
        elif values:
            raise ValueError(f"not understood: {line}")
        else:
            sentences.append(line.removeprefix("#").strip())
    if not sentences or "expect" not in values:
        raise ValueError("a header says what is attempted, and `# expect: VERDICT`")
    ast.parse(source)
    return Program(
        name=name,
        path=path,
        title=" ".join(sentences),
        expect=_by_tier(values["expect"], values.get("tiers", "")),
        layers=_known(values.get("layers", "").split(), LAYERS),
        error=values.get("error", ""),
        calls=int(values.get("calls", 1)),
        pause=float(values.get("pause", 0)),
        wall=float(values.get("wall", 0.5 if values["expect"] == "TIME_LIMIT" else 60)),
        start_up=float(values.get("start_up", 60)),
        streams=tuple(values.get("streams", "attacker").split()),
        needs=tuple(values.get("needs", "").split()),
        unconfined=values.get("unconfined", ""),
    )


def _by_tier(everywhere: str, exceptions: str) -> dict[str, frozenset[str]]:
    """`BLOCKED | RUNTIME_ERROR`, and `B=OK C=OK`."""
    expect = dict.fromkeys(TIERS, _known(everywhere.split(" | "), VERDICTS))
    for item in exceptions.split():
        tier, _, verdict = item.partition("=")
        if tier not in expect:
            raise ValueError(f"{tier!r} is not a tier")
        expect[tier] = _known(verdict.split("|"), VERDICTS)
    return expect


def _known(words: list[str], known: tuple[str, ...]) -> frozenset[str]:
    if unknown := set(words) - set(known):
        raise ValueError(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
    return frozenset(words)


def build(program: Program, folder: Path, target: dict[str, Any]) -> BotPackage:
    """Write the program as a bot version into `folder`."""
    target = {**target, "own_folder": str(folder)}
    files: dict[str, str | bytes] = {
        "bot.py": program.path.read_bytes(),
        HELPER: (FOLDER / HELPER).read_bytes(),
        "target.py": f"TARGET = {json.dumps(target)}\n".encode(),
    }
    extras = make_extras(program, target)
    package = write_package(folder, {**files, **extras.files}, **extras.models)
    if extras.plant:
        extras.plant(folder, target)
    return package


def make_extras(program: Program, target: dict[str, Any]) -> Extras:
    """What `NAME.make.py` beside the program makes: it defines `extras(target)`."""
    maker = program.path.with_name(f"{program.path.stem}{MAKER}")
    if not maker.exists():
        return Extras()
    return _load(maker).extras(target)


def model(name: str, content: bytes, framework: str = "") -> Extras:
    """A package with this model file."""
    return Extras(files={name: content}, models={Path(name).stem: ("MODEL", "MODEL", framework)})


def small_library() -> bytes:
    """Some compiled Python extension, harmless, called `byteswap`."""
    import pandas

    [library] = (Path(pandas.__file__).parent / "_libs").glob("byteswap.*.so")
    return library.read_bytes()


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"hostile_{path.stem.replace('.', '_')}", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
