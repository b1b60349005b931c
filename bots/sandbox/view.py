"""What of the file system a worker may read: Python and its libraries, shared libraries, time zones. Nothing else.

A bot's own files are not among it: they come as open descriptors.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

CODE_FOLDER = Path(__file__).resolve().parent.parent.parent
# What the zygote imports of ours, and the file that is started.
OWN_CODE = ("bots/__init__.py", "bots/sandbox", "bot_sdk")
ZYGOTE_SCRIPT = Path(__file__).with_name("zygote.py")

SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
TIME_ZONES = ("/usr/share/zoneinfo",)

CLONE_NEWNS = 0x00020000  # linux/sched.h
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18  # linux/mount.h


def interpreter() -> str:
    """The program itself, behind a virtual environment's links; its packages are named one by one instead."""
    return os.path.realpath(sys.executable)


def library_folders() -> list[str]:
    """Where third-party packages lie: of this environment, links resolved."""
    paths = sysconfig.get_paths()
    return _existing((paths["purelib"], paths["platlib"]))


def readable() -> list[str]:
    """The folders and files a worker may read. Whatever lies within one of the others is left out."""
    paths = sysconfig.get_paths()
    python = (paths["stdlib"], paths["platstdlib"], sysconfig.get_config_var("LIBDIR") or "")
    found = _existing((*python, *library_folders(), *SHARED_LIBRARIES, *TIME_ZONES))
    return [path for path in found if not any(path.startswith(f"{other}/") for other in found)]


def needed_to_start() -> list[str]:
    """What the zygote reads besides, before any bot is there."""
    program = Path(interpreter())
    own = [str(CODE_FOLDER / name) for name in OWN_CODE]
    return _existing((str(program), str(program.parent.parent / "pyvenv.cfg"), *own))


def closed_folders(paths: Iterable[str]) -> list[str]:
    """Those folders above these paths that only their owner may pass: another user never gets to what is inside."""
    above = {str(parent) for path in paths for parent in Path(path).parents}
    return sorted(folder for folder in above if not os.stat(folder).st_mode & stat.S_IXOTH)


def open_closed_folders(paths: list[str]) -> None:
    """Let every user of *this process's own* view pass to these paths; the machine's stays as it is. Raises OSError.

    For a Python that is installed under a home which only root may enter. Needs to be root, with CAP_SYS_ADMIN.
    """
    closed = closed_folders(paths)
    if not closed:
        return
    hidden = [path for path in paths if any(path.startswith(f"{folder}/") for folder in closed)]
    _call("unshare", CLONE_NEWNS)
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    held = [(path, os.open(path, os.O_PATH)) for path in hidden]
    for folder in closed:
        if os.path.isdir(folder):  # else it lay in one that has just been covered
            _mount("none", folder, "tmpfs", 0, "mode=755,size=1m")
    for path, descriptor in held:
        place = Path(path)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        _mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
        os.close(descriptor)


def _existing(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(os.path.realpath(path) for path in paths if path and os.path.exists(path)))


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    _call("mount", *texts[:3], ctypes.c_ulong(flags), texts[3])


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
