"""How a benchmark shows its figures: on which machine they were taken, then an aligned table.

A benchmark is a module of this package with a function `main()`: it measures, prints a table by `print_table`,
and returns the same figures as a dict of JSON values, units in the names (`p95_milliseconds`).
"""

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path


def machine() -> dict[str, str | int]:
    """What a figure depends on before it depends on the code."""
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),  # those this process may use, which a container can limit
        "python": platform.python_version(),
    }


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine_line() -> str:
    return "{cpu}, {cores} cores, Python {python}".format(**machine())


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The title with the machine, then one line per row: text to the left, numbers to the right."""
    table = [list(map(cell, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *table, strict=True)]
    is_number = [all(number_like(row[index]) for row in table) for index in range(len(columns))]
    print(f"\n{title}\n{machine_line()}\n")
    for row in (list(columns), ["-" * width for width in widths], *table):
        aligned = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_number, strict=True)
        ]
        print("  ".join(aligned).rstrip())
    print(flush=True)


def cell(value: object) -> str:
    """Floats with as many digits as tell something, whole numbers with thousands apart."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def number_like(text: str) -> bool:
    return text.replace(",", "").replace(".", "").replace("-", "").replace("e", "").isdigit()
