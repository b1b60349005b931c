"""`./run demo`: the whole product on one machine, as one tree of processes.

`__main__` tells the story; `place` is where it runs (port, folders, environment), `supervisor` keeps the
processes alive and stops them, `children` starts one so that it can never be left behind, `prepare` migrates
and seeds, `check` waits for a trade.
"""
