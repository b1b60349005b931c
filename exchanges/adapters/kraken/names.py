"""Kraken's names for assets and pairs, and ours.

One market has three names: its id (`XXBTZUSD`), its alternative name (`XBTUSD`), its websocket name (`XBT/USD`). The
replies use the first two, each in its place, so both lead to our symbol. None is ever cut: base and quote come from
the pair's entry, and their names from the list of assets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# https://support.kraken.com/hc/en-us/articles/360000678446: bitcoin and dogecoin have older names there
OURS = {"XBT": "BTC", "XDG": "DOGE"}
# https://docs.kraken.com/api/docs/rest-api/get-extended-balance: earns by itself, and trades as the asset that it is of
REWARDS_SUFFIX = ".F"


@dataclass(slots=True)
class Names:
    assets: dict[str, str] = field(default_factory=dict)  # their id -> our name
    symbols: dict[str, str] = field(default_factory=dict)  # their id or alternative name -> our symbol
    quotes: dict[str, str] = field(default_factory=dict)  # our symbol -> their id of its quote asset
    margin_stops: dict[str, Decimal] = field(default_factory=dict)  # our symbol -> margin level of a liquidation, in %

    def asset(self, theirs: str) -> str:
        """Our name of an asset of theirs; one that is not in the list (yet) keeps its own."""
        return self.assets.get(theirs) or our_asset(theirs)

    def symbol(self, theirs: str) -> str:
        """Our symbol of a pair of theirs; one that is not in the list (any more) keeps its own name."""
        return self.symbols.get(theirs, theirs)


def our_asset(alternative_name: str) -> str:
    name = alternative_name.removesuffix(REWARDS_SUFFIX)
    return OURS.get(name, name)


def read_names(assets: Any, pairs: Any) -> Names:
    names = Names({str(key): our_asset(str(entry["altname"])) for key, entry in assets.items()})
    for key, entry in pairs.items():
        symbol = f"{names.asset(entry['base'])}/{names.asset(entry['quote'])}"
        for theirs in (str(key), str(entry["altname"])):
            names.symbols[theirs] = symbol
        names.quotes.setdefault(symbol, str(entry["quote"]))
        names.margin_stops.setdefault(symbol, Decimal(entry.get("margin_stop", 0)))
    return names
