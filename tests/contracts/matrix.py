"""Run the conformance suite and print which case passes on which account: `python -m tests.contracts.matrix`.

With `--write` the tables also go into docs/add-an-exchange.md. Further arguments are pytest's.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "add-an-exchange.md"
MARK = "<!-- matrix -->"
CASE = re.compile(r"test_(c\d\d)_(\w+)\[(.+)\]$")
SIGNS = {"passed": "✓", "failed": "✗", "skipped": "–"}
WORST = ("failed", "passed", "skipped")  # of a case's several runs on one account


class Results:
    """What each case came to on each account."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.titles: dict[str, str] = {}
        self.accounts: dict[str, None] = {}
        self.bad_input: list[tuple[str, ...]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            noted = [value for name, value in report.user_properties if name == "bad_input"]
            account = report.nodeid.partition("[")[2].rstrip("]")
            self.bad_input += [(str(case), account, *map(str, rest)) for case, *rest in noted]
        found = CASE.search(report.nodeid)
        if found is None or (report.when != "call" and report.outcome == "passed"):
            return
        case, title, parameters = found.groups()
        # The account is the part with capitals; other parameters stand beside it.
        account = next(part for part in parameters.split("-") if part[:1].isupper())
        self.titles[case] = title.replace("_", " ")
        self.accounts.setdefault(account)
        self.outcomes[case, account].append(report.outcome)

    def sign(self, case: str, account: str) -> str:
        seen = self.outcomes.get((case, account), [])
        return next((SIGNS[outcome] for outcome in WORST if outcome in seen), "")

    def table(self) -> str:
        accounts = list(self.accounts)
        count = sum(len(runs) for runs in self.outcomes.values())
        passed = sum(runs.count("passed") for runs in self.outcomes.values())
        failed = sum(runs.count("failed") for runs in self.outcomes.values())
        numbers = " | ".join(str(number) for number in range(1, len(accounts) + 1))
        lines = [
            f"{len(self.titles)} cases on {len(accounts)} account types: {count} runs, {passed} passed, "
            f"{failed} failed, {count - passed - failed} not declared or without meaning there (–).",
            "",
            *(f"{number}. {account}" for number, account in enumerate(accounts, 1)),
            "",
            f"| case | {numbers} |",
            "|---" * (len(accounts) + 1) + "|",
        ]
        for case, title in sorted(self.titles.items()):
            signs = " | ".join(self.sign(case, account) for account in accounts)
            lines.append(f"| {case} {title} | {signs} |")
        return "\n".join(lines)

    def bad_input_table(self) -> str:
        lines = ["| what is wrong | account | error | HTTP | what a user reads |", "|---|---|---|---|---|"]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in sorted(self.bad_input))])


def main(arguments: list[str]) -> int:
    results = Results()
    options = [argument for argument in arguments if argument != "--write"]
    status = pytest.main(["-q", "--no-header", str(Path(__file__).parent), *options], plugins=[results])
    tables = f"{results.table()}\n\n### Bad input\n\n{results.bad_input_table()}\n"
    print(tables)
    if "--write" in arguments:
        before, mark, _ = GUIDE.read_text(encoding="utf-8").partition(MARK)
        GUIDE.write_text(f"{before}{mark}\n{tables}", encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
