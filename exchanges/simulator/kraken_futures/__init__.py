"""Kraken Futures' REST API: trading, charts, history and keys, as the venue's public documentation describes them.

https://docs.kraken.com/exchange/guides/futures/introduction

Linear perpetuals on the multi-collateral wallet, in which only dollars are collateral. A market order may take any
price: the per cent that the venue allows it is told and not kept to. A contract's margin mode stays as it is while it
has orders or a position. Not played: editing orders, the dead man's switch, transfers, subaccounts, assignment,
position events.
"""
