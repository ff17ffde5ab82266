"""Candles: columns of one length."""

from dataclasses import replace

import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import InvalidValueError

TWO = Candles(
    pair="XBTUSD",
    timeframe="1h",
    opened_at=(0, 3600),
    open=("1", "2"),
    high=("1", "2"),
    low=("1", "2"),
    close=("1", "2"),
    volume=("1", "2"),
    trades=(1, 2),
)


def test_candles_are_as_many_as_their_open_times() -> None:
    assert len(TWO) == 2


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume", "trades"])
def test_a_column_of_another_length_is_refused(name: str) -> None:
    with pytest.raises(InvalidValueError, match="candles of XBTUSD: 2 rows"):
        replace(TWO, **{name: ()})  # type: ignore[arg-type]  # an empty tuple is of any type
