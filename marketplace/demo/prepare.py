"""What has to be done before the demo's programs start: tables, static files, demo data.

A program of its own (`python -m marketplace.demo.prepare`): Django is loaded once for the three steps, and
the supervisor stays small and without threads.
"""

import hashlib
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", interactive=False)
    collect_static()
    call_command("seed_demo")


def collect_static() -> None:
    """collectstatic, unless nothing it would collect has changed since the last time."""
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    present = static_fingerprint()
    if stamp.exists() and stamp.read_text() == present:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(present)


def static_fingerprint() -> str:
    """One hash over all that collectstatic would collect, by name, size and time, and how it is stored."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list(ignore_patterns=[]):
            state = Path(storage.path(name)).stat()
            digest.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
