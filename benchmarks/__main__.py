"""`python -m benchmarks NAME [--json FILE]`: run one benchmark, show its table, keep its figures."""

import argparse
import importlib
import json
import pkgutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import benchmarks
from benchmarks.report import machine

NOT_BENCHMARKS = {"__main__", "report"}


def names() -> list[str]:
    """Every module beside this one is a benchmark, but for the helpers."""
    modules = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in modules if name not in NOT_BENCHMARKS and not name.startswith("_"))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description="Run one benchmark.")
    parser.add_argument("name", metavar="NAME", help=", ".join(names()) or "there is none yet")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args(arguments)
    if options.name not in names():
        parser.error(f"there is no benchmark {options.name!r}; there are: {', '.join(names()) or 'none yet'}")
    figures = importlib.import_module(f"benchmarks.{options.name}").main()
    if options.json:
        record = {
            "benchmark": options.name,
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            **figures,
        }
        options.json.write_text(json.dumps(record, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
