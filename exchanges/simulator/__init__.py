"""A simulated exchange: an HTTP server that trades, for the demo, the tests and the curious.

It is a venue, not a mock. Clients talk to it in the venue's own wire format (Binance spot today), with
signatures, rate limits, filters and error codes; orders are matched against a market that moves on a clock
of its own, which can stand still or run fast; balances, orders and fills survive a restart. No Django here.

    clock.py      simulated time
    history.py    where prices come from: a seeded random walk, a cross rate, a CSV file
    market.py     the price at any instant, its way, its candles
    venue.py      matching, locked funds, fees; knows no wire format
    books.py      accounts, keys, orders, fills; records.py says what they are, store.py keeps them on disk
    simulator.py  all of it put together
    binance_spot/ a face: one venue's wire format on a venue's books (http.py says what a face is)
    server.py     HTTP, and the seam where faults can be injected
    control.py    /_control: the clock, prices, accounts, the ledger
    testing.py    `running_simulator()` for tests

A further face is a class with `handle(request) -> reply`, added in `server.Server` with a `Venue` of its
own in `simulator.open_simulator`. Start it with `python -m exchanges.simulator`; options are in
docs/simulator.md.
"""
