"""Candles as JSON."""

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator import candles, catalog
from kraken_pipeline.simulator.candles import Candle
from kraken_pipeline.simulator.ohlc_rows import written

PRICES = st.integers(0, 10**12)
ROWS = st.lists(
    st.builds(
        Candle,
        time=st.integers(0, 2**33),
        seconds=st.just(60),
        open=PRICES,
        high=PRICES,
        low=PRICES,
        close=PRICES,
        vwap=PRICES,
        volume=st.integers(0, 10**17),
        count=st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=15,
)


@given(ROWS, st.sampled_from([0, 1, 5, 11]), st.sampled_from([0, 3, 8]))
def test_rows_say_the_very_numbers(made: list[Candle], prices: int, volumes: int) -> None:
    pair = replace(
        catalog.pair("XBT", "USD"),
        pair_decimals=prices,
        price_decimals=prices,
        volume_decimals=volumes,
    )

    rows = json.loads(written(candles.column(made), pair))

    for candle, row in zip(made, rows, strict=True):
        four = (candle.open, candle.high, candle.low, candle.close)
        vwap = f"{pair.price(candle.vwap):.{prices}f}" if candle.count else "0.0"
        shown = [f"{pair.price(price):.{prices}f}" for price in four]
        volume = f"{pair.volume(candle.volume):.8f}"
        assert row == [candle.time, *shown, vwap, volume, candle.count]


@pytest.mark.parametrize(("units", "text"), [(6244800000, "62448.0"), (6244810001, "62448.10001")])
def test_finer_prices_are_written_only_where_they_are_needed(units: int, text: str) -> None:
    pair = replace(catalog.pair("XBT", "USD"), price_decimals=5)
    price = np.array([units])
    made = candles.Candles(**dict.fromkeys(candles.NAMES, price))

    [row] = json.loads(written(made, pair))
    many = json.loads(written(candles.joined([made] * 9), pair))

    assert many == [row] * 9
    assert row[1:6] == [text] * 5
    assert Decimal(row[1]) == pair.price(units)
