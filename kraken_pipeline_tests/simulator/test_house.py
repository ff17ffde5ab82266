"""The best orders of all pairs, held against the ladder of each."""

from dataclasses import replace

import numpy as np
import pytest

from kraken_pipeline.simulator import catalog, house
from kraken_pipeline.simulator.listing import Listing

FINER = 3
"""How much finer than the pair's tick some markets count."""
PAIRS = [
    # with few decimals of volume, rounding often gives one more whole unit
    replace(pair, lot_decimals=n % 4, price_decimals=pair.pair_decimals + n % FINER)
    for n, pair in enumerate(catalog.made_up_pairs())
]
LISTING = Listing(PAIRS)


@pytest.mark.parametrize("minute", [29_846_880, 29_846_881, 30_000_000])
@pytest.mark.parametrize("scale", [1, 3.7, 1e-9])
def test_the_best_of_all_pairs_are_those_of_their_ladders(minute: int, scale: float) -> None:
    usd = [catalog.usd_price(p.base.altname) / p.quote_usd * scale for p in PAIRS]
    close = np.array(
        [[max(int(u * 10**p.price_decimals), 1)] for u, p in zip(usd, PAIRS, strict=True)]
    )

    bids, asks, qty = house.tops(LISTING, slice(None), close, minute)

    for pair, units, bid, ask, whole in zip(PAIRS, close, bids, asks, qty, strict=True):
        best = house.best(pair, pair.price(units.item()), minute)
        assert (pair.price(bid.item()), pair.price(ask.item())) == tuple(o.price for o in best)
        assert {max(int(order.qty), 1) for order in best} == {whole.item()}
