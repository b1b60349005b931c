"""Trailing stops on Binance's spot face."""

from __future__ import annotations

from decimal import Decimal

D = Decimal
ORDER = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.1", "trailingDelta": "100"}


def test_a_stop_follows_the_price_up_and_sells_when_it_turns(sim, client):
    sim.set_price("BTC/USDT", 100_000)
    placed = client.create_order(**ORDER, newClientOrderId="mine", newOrderRespType="FULL")
    assert (placed["status"], placed["type"], placed["trailingDelta"]) == ("NEW", "STOP_LOSS", 100)
    sim.set_price("BTC/USDT", 99_500)
    assert client.get_order(symbol="BTCUSDT", origClientOrderId="mine")["status"] == "NEW"
    sim.set_price("BTC/USDT", 110_000)
    sim.set_price("BTC/USDT", 109_000)
    assert client.get_order(symbol="BTCUSDT", origClientOrderId="mine")["status"] == "NEW"
    sim.set_price("BTC/USDT", 108_800)  # more than 1 % below the best
    order = client.get_order(symbol="BTCUSDT", origClientOrderId="mine")
    assert (order["status"], order["trailingDelta"]) == ("FILLED", 100)
    assert D(order["cummulativeQuoteQty"]) / D(order["executedQty"]) < 108_800


def test_it_can_be_cancelled_and_counts_as_a_stop(client):
    for number in range(5):
        client.create_order(**ORDER | {"quantity": "0.01"}, newClientOrderId=f"a{number}")
    assert len(client.get_open_orders(symbol="BTCUSDT")) == 5
    canceled = client.cancel_order(symbol="BTCUSDT", origClientOrderId="a0")
    assert (canceled["status"], canceled["trailingDelta"]) == ("CANCELED", 100)


def test_exchange_info_announces_them(client):
    info = client.get_symbol_info("BTCUSDT")
    assert info["allowTrailingStop"] is True
    delta = next(each for each in info["filters"] if each["filterType"] == "TRAILING_DELTA")
    assert (delta["minTrailingBelowDelta"], delta["maxTrailingBelowDelta"]) == (10, 2000)
