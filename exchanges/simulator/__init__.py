"""Simulated exchanges: a server that trades, for the demo, the tests and the curious.

They are venues, not mocks. Clients talk to each in its own wire format, with signatures, rate limits, filters and
error codes; orders are matched against markets that move on a clock of their own, which can stand still or run fast;
balances, orders, fills, positions and debts survive a restart. No Django here.

    clock.py      simulated time
    history.py    where prices come from: a seeded random walk, a cross rate, a CSV file; or another venue's of these
    listings.py   what is listed where; rules.py how each venue settles and what it costs
    market.py     the price at any instant, its way, its candles
    books.py      accounts, keys, orders, fills, positions; records.py says what they are, store.py keeps them on disk
    trading.py    matching and time; knows no wire format
    settlement/   what money a fill moves: spot, debts, positions
    venue.py      a venue as its face sees it
    simulator.py  all venues put together
    faces.py      which faces there are: one venue's wire format on a venue's books (http.py says what a face is)
    server.py     HTTP, a port per endpoint; tls.py where clients want it; faults.py what goes wrong on demand
    control.py    /_control: the clock, prices, accounts, the ledger
    testing.py    `running_simulator()` for tests

A further face is a folder with a line in faces.py, a further venue an entry in rules.py. Start it with
`python -m exchanges.simulator`; options are in docs/simulator.md.
"""
