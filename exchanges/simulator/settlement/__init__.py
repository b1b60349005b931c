"""How a fill moves money: spot, spot with debts, or positions. A venue has one of them, Kraken one per order.

spot.py        pay with what is there, receive, fee
borrowing.py   spot, where what is missing is borrowed and paid back: Binance's margin accounts
positions.py   margin behind a position, profit and loss in one asset, funding, liquidation: futures, Kraken's margin
"""
