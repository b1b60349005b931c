"""Pages of a list. A cursor is the id of the last row before the page, so new rows move nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from exchanges.simulator.coinbase.call import invalid

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    cursor: str  # "" where nothing follows

    @property
    def has_next(self) -> bool:
        return bool(self.cursor)


def cut(rows: Sequence[Row], id_of: Callable[[Row], str], cursor: str | None, limit: int) -> Page[Row]:
    """`limit` rows after the one that the cursor names."""
    begin = 0
    if cursor:
        begin = next((number for number, row in enumerate(rows, 1) if id_of(row) == cursor), 0)
        if not begin:
            raise invalid("cursor argument is invalid")
    found = rows[begin : begin + max(limit, 1)]
    return Page(found, id_of(found[-1]) if begin + len(found) < len(rows) else "")
