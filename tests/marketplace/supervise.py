"""A supervisor in a process of its own, for tests that send it signals: what it does comes as one JSON argument."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from marketplace.demo.errors import DemoError, StopRequested
from marketplace.demo.supervisor import RestartPolicy, Service, Supervisor


def say(text: str) -> None:
    print(text, flush=True)


def hang() -> bool:
    say("hanging")
    time.sleep(60)
    return False


def main(folder: Path, options: dict[str, Any]) -> int:
    supervisor = Supervisor(
        log_dir=folder / "logs",
        folder=folder,
        say=say,
        restarts=RestartPolicy(**options["restarts"]),
        stop_all_seconds=options["stop_all_seconds"],
    )
    try:
        with supervisor:
            for name, script in options["scripts"].items():
                supervisor.start(Service(name, ["sh", "-c", script], dict(os.environ)))
            if options["hang"]:
                supervisor.wait_until(hang, what="an answer")
            supervisor.run_until_stopped()
    except StopRequested:
        return 0
    except DemoError as error:
        say(str(error))
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
