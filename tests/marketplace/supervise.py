"""A supervisor in a process of its own, for tests that send it signals: what it runs comes as JSON arguments."""

import json
import os
import sys
from pathlib import Path

from marketplace.demo.errors import DemoError, StopRequested
from marketplace.demo.supervisor import RestartPolicy, Service, Supervisor


def say(text: str) -> None:
    print(text, flush=True)


def main(folder: Path, scripts: dict[str, str], restarts: RestartPolicy, stop_all_seconds: float) -> int:
    supervisor = Supervisor(
        log_dir=folder / "logs", folder=folder, say=say, restarts=restarts, stop_all_seconds=stop_all_seconds
    )
    try:
        with supervisor:
            for name, script in scripts.items():
                supervisor.start(Service(name, ["sh", "-c", script], dict(os.environ)))
            say("started")
            supervisor.run_until_stopped()
    except StopRequested:
        return 0
    except DemoError as error:
        say(str(error))
    return 1


if __name__ == "__main__":
    given_restarts = RestartPolicy(**json.loads(sys.argv[3]))
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2]), given_restarts, float(sys.argv[4])))
