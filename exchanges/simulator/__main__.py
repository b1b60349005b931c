"""`python -m exchanges.simulator`: see docs/simulator.md."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

from exchanges.simulator.clock import END_MS
from exchanges.simulator.history import DAY_MS, MINUTE_MS, CsvError, parse_time
from exchanges.simulator.listings import SPOT_LISTINGS
from exchanges.simulator.server import Server, is_loopback
from exchanges.simulator.simulator import Settings, SettingsError, open_simulator

logger = logging.getLogger(__name__)

EARLIEST_START_MS = parse_time("2012-01-01")


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if not is_loopback(options.host) and not options.allow_remote:
        parser.error(f"{options.host} is reachable from other machines; say --allow-remote if that is meant")
    settings = Settings(
        seed=options.seed,
        speed=options.speed,
        start_ms=options.start,
        candles=options.candles,
        symbol=options.symbol,
        data_dir=options.data_dir,
    )
    try:
        simulator = open_simulator(settings)
        server = Server(
            simulator,
            weight_per_minute=options.weight_limit,
            remote_control=options.allow_remote_control,
            tls_name=options.tls_name,
            ca_file=options.ca_file or (options.data_dir / "ca.pem" if options.data_dir else None),
        )
        asyncio.run(_serve(server, options.host, options.port))
    except (SettingsError, CsvError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    return 0


async def _serve(server: Server, host: str, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        await server.start(host, port)
        logger.debug("%d faces", len(server.faces))  # a broken one shows now and not at its first request
        first, *others = server.urls.items()
        lines = [f"simulator ready {first[1]}", *(f"  {name} {url}" for name, url in (first, *others))]
        if server.ca_file:
            lines.append(f"  the authority to trust at https: {server.ca_file}")
        print("\n".join(lines), flush=True)
        await stopped.wait()
    finally:
        await server.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m exchanges.simulator",
        description="A simulated exchange that speaks the REST APIs of Binance, Coinbase and Kraken.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--port",
        type=int,
        default=8001,
        help="of the first venue, the others follow; 0 takes free ones (default %(default)s)",
    )
    parser.add_argument("--seed", type=_seed, help="of the random walk (default 7)")
    parser.add_argument("--speed", type=_speed, help="simulated seconds per second; 0 stops the clock (default 1)")
    parser.add_argument(
        "--start", type=_start, help="when the simulated clock begins: ISO 8601, or days ago (default 30)"
    )
    parser.add_argument("--candles", type=Path, help="a CSV file of candles to replay")
    parser.add_argument(
        "--symbol",
        default="BTC/USDT",
        choices=list(SPOT_LISTINGS),
        help="what the CSV file is of (default %(default)s)",
    )
    parser.add_argument("--data-dir", type=Path, help="where everything is kept; goes on from there")
    parser.add_argument(
        "--weight-limit",
        type=int,
        help="request weight per minute and address at Binance's endpoints (default as there)",
    )
    parser.add_argument(
        "--ca-file", type=Path, help="where to write the certificate to trust at https (default: in the data directory)"
    )
    parser.add_argument(
        "--tls-name", help="a further host name that the certificate is for, where clients know the machine by it"
    )
    parser.add_argument("--allow-remote", action="store_true", help="listen on an address that other machines reach")
    parser.add_argument(
        "--allow-remote-control",
        action="store_true",
        help="answer /_control, which tells every secret, to other machines too",
    )
    return parser


def _seed(text: str) -> int:
    seed = int(text)
    if seed < 0:
        raise argparse.ArgumentTypeError("the seed must not be negative")
    return seed


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 <= speed <= 100_000:
        raise argparse.ArgumentTypeError("the speed must be between 0 and 100000")
    return speed


def _start(text: str) -> int:
    try:
        if text.isdigit() and len(text) < 6:
            start = (int(time.time() * 1000) - int(text) * DAY_MS) // MINUTE_MS * MINUTE_MS
        else:
            start = parse_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not EARLIEST_START_MS <= start < END_MS:
        raise argparse.ArgumentTypeError("the start must lie between 2012 and 2050")
    return start


if __name__ == "__main__":
    sys.exit(main())
