"""How each long-running program of the product is started: the only place that knows their arguments.

The demo starts these lists itself; `./run web`, and so the container image, ends here too.
"""

import os
import sys
from collections.abc import Mapping


def web(environment: Mapping[str, str]) -> list[str]:
    """gunicorn; threads, because requests wait for the database and for exchanges rather than compute."""
    host = environment.get("WEB_HOST") or "127.0.0.1"  # 0.0.0.0 in a container
    arguments = {
        "--bind": f"{host}:{environment.get('PORT') or '8000'}",
        "--worker-class": "gthread",
        "--workers": environment.get("WEB_PROCESSES") or "2",
        "--threads": "4",
        "--timeout": "60",
        "--worker-tmp-dir": "/dev/shm",  # noqa: S108 (its heartbeat file; on a disk it can stall)
    }
    return [
        *(sys.executable, "-m", "gunicorn", "marketplace.wsgi:application", "--no-control-socket"),
        *(word for pair in arguments.items() for word in pair),
    ]


def worker(environment: Mapping[str, str]) -> list[str]:
    """Celery worker. Gossip, mingle and heartbeat are talk between workers that nothing here listens to."""
    processes = environment.get("WORKER_PROCESSES") or "2"
    return [
        *(sys.executable, "-m", "celery", "--app", "marketplace", "--quiet", "worker"),
        *("--queues", "trading,validation", "--pool", "prefork", "--concurrency", processes),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def beat(_: Mapping[str, str]) -> list[str]:
    """celery-beat with the schedule in the database. Exactly one may run per installation."""
    return [
        *(sys.executable, "-m", "celery", "--app", "marketplace", "--quiet", "beat"),
        *("--scheduler", "django_celery_beat.schedulers:DatabaseScheduler", "--pidfile", ""),
    ]


def simulator(_: Mapping[str, str]) -> list[str]:
    """The exchange simulator; what it listens on and how fast its clock runs is added by who starts it."""
    return [sys.executable, "-m", "exchanges.simulator"]


PROGRAMS = {"web": web, "worker": worker, "beat": beat, "simulator": simulator}


def main(arguments: list[str]) -> None:
    """Become the named program: `python -m marketplace.programs web`; further arguments are its own."""
    name, *further = arguments
    command = [*PROGRAMS[name](os.environ), *further]
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
