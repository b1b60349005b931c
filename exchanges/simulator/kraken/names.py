"""What Kraken calls assets, pairs, orders and trades.

Old assets have a letter for their class in front (`XXBT`, `ZUSD`), newer ones do not (`SOL`, `USDT`). A pair of two old
ones is named by both (`XXBTZUSD`), every other by the alternative names (`SOLUSD`). Ids of orders, trades and ledger
entries look random and are not: each is the number of its record, so that a look-up needs no list.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.simulator.listings import Listing
from exchanges.simulator.venue import Venue

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ID_LENGTH = 16
ID_SPACE = 32**ID_LENGTH
SCATTER = 0x5DEECE66D1B54A32D9F7  # odd, so it can be undone
GATHER = pow(SCATTER, -1, ID_SPACE)
SYMBOL_BITS = 40
BOOK_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """As /0/public/Assets tells it."""

    key: str
    altname: str
    decimals: int
    display_decimals: int

    @property
    def is_old(self) -> bool:
        return self.key != self.altname


ASSETS: dict[str, Asset] = {
    "BTC": Asset("XXBT", "XBT", 10, 5),
    "ETH": Asset("XETH", "ETH", 10, 5),
    "SOL": Asset("SOL", "SOL", 10, 5),
    "USD": Asset("ZUSD", "USD", 4, 2),
    "EUR": Asset("ZEUR", "EUR", 4, 2),
    "USDT": Asset("USDT", "USDT", 8, 4),
}


def asset(name: str) -> Asset:
    return ASSETS.get(name) or Asset(name, name, 10, 5)


def our_asset(theirs: str) -> str | None:
    """By key, alternative name or ours."""
    return next((ours for ours, each in ASSETS.items() if theirs in (each.key, each.altname, ours)), None)


@dataclass(frozen=True, slots=True)
class Pair:
    key: str
    altname: str
    wsname: str


def pair(listing: Listing) -> Pair:
    base, quote = asset(listing.base), asset(listing.quote)
    altname = base.altname + quote.altname
    key = base.key + quote.key if base.is_old and quote.is_old else altname
    return Pair(key, altname, f"{base.altname}/{quote.altname}")


def find_symbol(venue: Venue, text: str) -> str | None:
    """Ours, by any of the pair's names."""
    for symbol, market in venue.markets.items():
        names = pair(market.listing)
        if text in (names.key, names.altname, names.wsname, symbol):
            return symbol
    return None


# --- ids
def order_key(venue: Venue, symbol: str, order_id: int) -> str:
    return _key("O", venue, symbol, order_id)


def trade_key(venue: Venue, symbol: str, trade_id: int) -> str:
    return _key("T", venue, symbol, trade_id)


def ledger_key(number: int) -> str:
    return _written("L", number)


def find_record(kind: str, venue: Venue, text: str) -> tuple[str, int] | None:
    """(symbol, number) of an id of that kind, or None where it is none of ours."""
    letters = text[1:].replace("-", "")
    if not text.startswith(kind) or len(letters) != ID_LENGTH or any(letter not in ALPHABET for letter in letters):
        return None
    scattered = 0
    for letter in letters:
        scattered = scattered * 32 + ALPHABET.index(letter)
    number = scattered * GATHER % ID_SPACE
    symbols = list(venue.markets)
    index, record = number >> SYMBOL_BITS, number & ((1 << SYMBOL_BITS) - 1)
    return (symbols[index], record) if index < len(symbols) else None


def _key(kind: str, venue: Venue, symbol: str, number: int) -> str:
    return _written(kind, (list(venue.markets).index(symbol) << SYMBOL_BITS) + number)


def _written(kind: str, number: int) -> str:
    scattered = number * SCATTER % ID_SPACE
    letters = ""
    for _ in range(ID_LENGTH):
        scattered, digit = divmod(scattered, 32)
        letters = ALPHABET[digit] + letters
    return f"{kind}{letters[:5]}-{letters[5:10]}-{letters[10:]}"


# --- numbers
def fixed(number: Decimal, decimals: int) -> str:
    """With that many digits behind the point."""
    return f"{number:.{decimals}f}"


def money(number: Decimal, decimals: int) -> str:
    """With that many digits behind the point, and more where money would be lost: these books have twelve."""
    digits = -int(number.normalize().as_tuple().exponent)
    return f"{number:.{max(decimals, min(digits, BOOK_DECIMALS))}f}"


def decimals_of(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))
