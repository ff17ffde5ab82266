"""The made-up market: the same for the same seed, and of one piece in every timeframe."""

import numpy as np

from kraken_pipeline.strategies.made_up import ENDS, PAIRS, market

ROWS = {"15m": 300, "1h": 60, "1d": 3}


def test_the_same_seed_makes_the_same_market_and_another_one_another() -> None:
    first, again, other = (market(ROWS, seed=seed) for seed in (1, 1, 2))

    assert [each.digest() for each in first.values()] == [each.digest() for each in again.values()]
    assert first["1h"].digest() != other["1h"].digest()


def test_every_timeframe_has_enough_bars_that_all_end_at_once() -> None:
    for name, bars in market(ROWS, seed=1).items():
        assert len(bars.opened_at) >= ROWS[name]
        assert bars.pairs == PAIRS
        assert bars.opened_at[-1] + bars.frame.seconds == ENDS.timestamp()
        assert set(np.diff(bars.opened_at)) == {bars.frame.seconds}


def test_longer_bars_are_made_of_the_shorter_ones() -> None:
    made = market(ROWS, seed=1)
    quarters, hour = made["15m"], made["1h"]

    assert hour.open[-1].tolist() == quarters.open[-4].tolist()
    assert hour.high[-1].tolist() == quarters.high[-4:].max(axis=0).tolist()
    assert hour.low[-1].tolist() == quarters.low[-4:].min(axis=0).tolist()
    assert hour.close[-1].tolist() == quarters.close[-1].tolist()
    assert np.allclose(hour.volume[-1], quarters.volume[-4:].sum(axis=0))
    assert (quarters.low <= quarters.close).all()
    assert (quarters.close <= quarters.high).all()
