"""Turn a bot version's files into a class and loaded models. Runs in the worker.

Files are read and hashed in one go, before the lock-down; code and models are then made from those very
bytes.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bot_sdk.bot import CustomBot
from bot_sdk.files import load_bytes
from bot_sdk.runtime import describe, find_bot_class
from bots.sandbox.types import PackageFile

ENTRY = "bot.py"
FRAMES_SHOWN = 8
SYNTAX_ERROR = "SyntaxError: "
# What C++ says where Python would raise MemoryError: PyTorch, onnxruntime, the standard library.
_NO_MEMORY = ("can't allocate memory", "Failed to allocate memory", "bad_alloc")


class Mismatch(Exception):
    """A file is not the one that was approved."""


def read_files(descriptors: Sequence[int], manifest: Sequence[PackageFile]) -> dict[str, bytes]:
    """The bytes of every file by name, from descriptors that the host opened in the same order. Raises Mismatch."""
    contents = {}
    for descriptor, file in zip(descriptors, manifest, strict=True):
        try:
            with open(descriptor, "rb") as opened:
                data = opened.read()
        except OSError as error:
            raise Mismatch(f"{file.name} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise Mismatch(f"{file.name} is not the file that was approved")
        contents[file.name] = data
    return contents


class _BotModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets the files of a bot import each other by name, from memory."""

    def __init__(self, sources: dict[str, bytes]) -> None:
        """Compile every file: no line runs while another file is not even Python. Raises SyntaxError."""
        self.codes = {}
        for name, source in sources.items():
            try:
                # Tracebacks name the file as its author knows it, and can show its lines.
                text = importlib.util.decode_source(source)
                linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
                self.codes[name] = compile(source, name, "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                if isinstance(error, SyntaxError) and error.filename == name:
                    raise
                # A null character or a broken encoding is reported without a file and a line.
                raise SyntaxError(str(error), (name, None, None, None)) from error

    def find_spec(
        self, fullname: str, _path: object = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if f"{fullname}.py" not in self.codes:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=f"{fullname}.py")

    def exec_module(self, module: ModuleType) -> None:
        name = f"{module.__name__}.py"
        module.__file__ = name
        exec(self.codes[name], module.__dict__)  # noqa: S102  (what this process is for)


class LoadedBot:
    """A bot's class and its models; models are shared by the instances of all streams."""

    def __init__(self, bot_class: type[CustomBot], models: dict[str, Any], description: dict[str, Any]) -> None:
        self.bot_class = bot_class
        self.models = models
        self.description = description

    @property
    def file_errors(self) -> str:
        """One line per file that could not be loaded."""
        return "\n".join(
            f"{file['name']} could not be loaded: {file['error']}"
            for file in self.description["files"]
            if file["error"]
        )


def load_bot(manifest: Sequence[PackageFile], contents: dict[str, bytes]) -> LoadedBot:
    """Run the bot's code, then load its files.

    Raises whatever the code raises. An error of a model or data file is noted in the description instead.
    """
    sources = {file.name: contents[file.name] for file in manifest if file.file_type == "CODE"}
    entry = entry_point(list(sources))
    # Last, so that a file called like a library does not replace the library.
    sys.meta_path.append(_BotModules(sources))
    module = importlib.import_module(Path(entry).stem)
    bot_class = find_bot_class(module)
    description = describe(bot_class)
    models = {}
    files = []
    for file in manifest:
        if file.file_type == "CODE":
            continue
        entry_of_file = {"name": file.name, "key": file.key, "kind": "", "error": ""}
        try:
            model = load_bytes(contents[file.name], name=file.name, file_type=file.file_type, framework=file.framework)
            models[file.key] = model
            entry_of_file["kind"] = type(model).__name__
        except BaseException as error:
            # A pickle may raise anything, SystemExit included.
            if is_memory_error(error):
                raise
            entry_of_file["error"] = error_sentence(error)[:500]
        files.append(entry_of_file)
    description["files"] = files
    return LoadedBot(bot_class, models, description)


def entry_point(code_names: Sequence[str]) -> str:
    """The file that holds the bot's class: `bot.py`, or the only Python file. Raises ValueError."""
    python = [name for name in code_names if name.endswith(".py")]
    if ENTRY in python:
        return ENTRY
    if len(python) == 1:
        return python[0]
    raise ValueError(f"one file must be called {ENTRY}, found: {', '.join(sorted(python)) or 'no Python file'}")


def is_memory_error(error: BaseException | None) -> bool:
    """Whether it, or what it was raised from, says that there was no more memory."""
    for _ in range(10):
        if error is None:
            return False
        if isinstance(error, MemoryError) or any(words in error_sentence(error) for words in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def error_sentence(error: BaseException) -> str:
    """`KeyError: 'x'`, whatever the error's own text does."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001
        text = "(an error whose text cannot be had)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def bot_traceback(error: BaseException, code_names: Sequence[str]) -> str:
    """The error with the frames of the bot's own files only, innermost last."""
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
        where = f"{error.filename}, line {error.lineno}" if error.lineno else f"{error.filename}"
        return f"{SYNTAX_ERROR}{where}: {error.msg}" + (f"\n    {line}" if line else "")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in code_names]
    lines = []
    for frame in frames[-FRAMES_SHOWN:]:
        lines.append(f"{frame.filename}, line {frame.lineno}, in {frame.name}")
        if frame.line:
            lines.append(f"    {frame.line}")
    return "\n".join((*lines, error_sentence(error)))
