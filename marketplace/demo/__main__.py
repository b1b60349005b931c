"""The story of `./run demo`, from the first look around to the last process stopped."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from marketplace import programs
from marketplace.demo import redis_server, web_client
from marketplace.demo.check import TradeWatch
from marketplace.demo.errors import DemoError, StopRequested, WaitedInVain
from marketplace.demo.place import (
    ROOT,
    Place,
    child_environment,
    only_demo_in,
    read_place,
    refuse_taken_port,
    simulator_port,
)
from marketplace.demo.supervisor import Service, Supervisor

SIMULATOR_SPEED = "20"  # the venue's clock: a candle of one minute closes every three seconds
START_SECONDS = 120.0  # for one program to answer; a busy small machine needs a part of it

# Finish the task (SIGTERM); else give it back to the queue, which takes Celery about two seconds (SIGQUIT).
WORKER_STOP = ((signal.SIGTERM, 3.0), (signal.SIGQUIT, 3.0))
WEB_STOP = ((signal.SIGTERM, 2.0), (signal.SIGQUIT, 0.5))  # finish the requests; drop them


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    try:
        place = read_place(os.environ)
        with only_demo_in(place.data_dir):
            refuse_taken_port(place.port)
            return run(place, options)
    except DemoError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_status


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run demo", description="Run the whole product on this machine.")
    parser.add_argument("--check", action="store_true", help="wait for a finished trade, print its figures, and stop")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="of --check (300)")
    return parser.parse_args(arguments)


def run(place: Place, options: argparse.Namespace) -> int:
    """Start, serve or check, stop."""
    give_up_at = time.monotonic() + options.timeout if options.check else None
    with (
        redis_server.socket_place(place.data_dir) as socket,
        Supervisor(log_dir=place.log_dir, folder=ROOT, say=say, give_up_at=give_up_at) as supervisor,
    ):
        try:
            start_everything(supervisor, place, socket)
            welcome(place)
            if options.check:
                check(supervisor, place)
                return 0
            supervisor.run_until_stopped()
        except StopRequested:
            say("Stopping ...")
    if options.check:
        say("Stopped before a trade was finished.")
        return 1
    return 0


def start_everything(supervisor: Supervisor, place: Place, socket: Path) -> None:
    """The parts in the order in which they need each other; they stop in the reverse order."""
    own_broker = not (os.environ.get("REDIS_URL") or os.environ.get("CELERY_BROKER_URL"))
    port = simulator_port(place.data_dir)
    environment = child_environment(
        place,
        simulator_url=f"http://127.0.0.1:{port}",
        redis_url=redis_server.url(socket) if own_broker else None,
    )

    say(f"Starting in {place.data_dir} ...")
    if own_broker:
        command = redis_server.server_command(place.data_dir, socket)
        supervisor.start(Service("redis", command, environment))
    supervisor.start(Service("simulator", simulator_command(place, port), environment))
    if own_broker:
        wait_to_answer(supervisor, "redis", partial(redis_server.answers, socket))
    clock = environment["SIMULATOR_URL"] + "/_control/clock"
    wait_to_answer(supervisor, "simulator", partial(web_client.answers, clock))

    say("Preparing tables, static files and demo data ...")
    supervisor.run_to_end("prepare", [sys.executable, "-m", "marketplace.demo.prepare"], environment)

    supervisor.start(Service("web", programs.web(environment), environment, WEB_STOP))
    supervisor.start(Service("worker", programs.worker(environment), environment, WORKER_STOP))
    supervisor.start(Service("beat", programs.beat(environment), environment))
    wait_to_answer(supervisor, "web", partial(web_client.answers, place.base_url + "/health"))
    wait_to_answer(supervisor, "web", partial(web_client.answers, place.base_url + "/"))


def wait_to_answer(supervisor: Supervisor, name: str, answers: Callable[[], bool]) -> None:
    try:
        supervisor.wait_until(answers, what=f"{name} to answer", seconds=START_SECONDS)
    except WaitedInVain as error:
        raise DemoError(f"{error} {supervisor.end_of_log(name)}") from error


def simulator_command(place: Place, port: int) -> list[str]:
    data_dir = str(place.data_dir / "simulator")
    own = ["--port", str(port), "--data-dir", data_dir, "--speed", SIMULATOR_SPEED]
    return [*programs.simulator(os.environ), *own]


def demo_data(place: Place) -> dict[str, Any]:
    """What the seeding wrote down: addresses, accounts, keys of the simulator."""
    data: dict[str, Any] = json.loads((place.data_dir / "demo.json").read_text())
    return data


def welcome(place: Place) -> None:
    say(f"ready {place.base_url}")
    data = demo_data(place)
    rows = [("account", "user name", "password")]
    for role, account in data["accounts"].items():
        rows.append((role, account["username"], account["password"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        say("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    say("Simulated exchanges: " + ", ".join(f"{name} {url}" for name, url in data["simulator_urls"].items()))
    say(f"Tokens for the API: {place.data_dir / 'demo.json'}. Logs: {place.log_dir}. Ctrl-C stops everything.")


def check(supervisor: Supervisor, place: Place) -> None:
    """Print the performance of the first subscription that has finished a trade, or say what was missing."""
    watch = TradeWatch(place.base_url, demo_data(place)["accounts"]["subscriber"]["token"])
    say("Waiting for a subscription to finish a trade ...")
    try:
        performance = supervisor.wait_until(watch.first_performance, what="a subscription to finish a trade")
    except WaitedInVain as error:
        raise DemoError(f"{error}\n{watch.describe()}\n{supervisor.end_of_log('worker', 30)}") from error
    say(json.dumps(performance, indent=2))


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
