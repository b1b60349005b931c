"""What Binance's account types share in their wire formats: parameters and errors, signatures, limits, the face itself.

The faces are binance_spot, binance_margin and binance_futures.
"""
