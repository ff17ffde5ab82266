"""What is held, valued: by the market where it can be believed, else by its last good price."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.prices import PriceTable, Way
from kraken_pipeline.domain.swings import Swing, is_jump, swing_after
from kraken_pipeline.domain.symbols import Asset

AGREES: Final = Decimal("0.1")
"""By how much a second source may differ and still confirm a jump: when prices fall, markets part
for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Last:
    """The last good price of an asset."""

    price: Decimal
    at: datetime
    swing: Swing | None


def valuations(
    held: Mapping[Asset, Decimal], prices: PriceTable, *, before: Snapshot | None, now: datetime
) -> tuple[Valuation, ...]:
    """Value what is held, by asset.

    A price is fresh if the market says it, and it lies within ten deviations of the last good one
    or another way to the base currency, through other pairs, says the same. Else the last good
    price stands, with its age; what never had one has none, and is not worth zero.

    Args:
        held: asset to qty.
        prices: what the market says.
        before: the newest snapshot, for the last good prices.
        now: when the market said it.

    Source: PF-12.
    """
    known = {} if before is None else {each.asset: each for each in before.valuations}
    return tuple(
        _valued(asset, qty, prices, _last(known.get(asset), before), now)
        for asset, qty in sorted(held.items())
        if qty
    )


def believable(prices: PriceTable, *, before: Snapshot | None, now: datetime) -> PriceTable:
    """Return the prices without those that must not be kept: jumps that nothing confirms.

    What a price is kept for is never priced again (PF-6); what has none now finds one later.

    Args:
        prices: what the market says.
        before: the newest snapshot, for the last good prices.
        now: when the market said it.
    """
    known = () if before is None else before.valuations
    while True:
        doubtful: set[str] = set()
        for each in known:
            way = prices.way(each.asset)
            if way is not None and _doubt(each.asset, way, prices, _last(each, before), now):
                doubtful.update(way.pairs)
        if not doubtful:
            return prices
        prices = prices.without(doubtful)


def _last(known: Valuation | None, before: Snapshot | None) -> _Last | None:
    if known is None or before is None or known.price is None:
        return None
    at = known.stale_since or before.at
    return _Last(price=known.price, at=at, swing=known.swing)


def _valued(
    asset: Asset, qty: Decimal, prices: PriceTable, last: _Last | None, now: datetime
) -> Valuation:
    way = prices.way(asset)
    if way is not None and not way.pairs:
        return Valuation(asset=asset, qty=qty, price=way.price, source=way.said)
    doubt = _doubt(asset, way, prices, last, now)
    if way is not None and not doubt:
        swing = swing_after(None if last is None else last.swing, way.price, now)
        return Valuation(asset=asset, qty=qty, price=way.price, source=way.said, swing=swing)
    return Valuation(
        asset=asset,
        qty=qty,
        price=None if last is None else last.price,
        source=doubt,
        stale_since=None if last is None else last.at,
        swing=None if last is None else last.swing,
        is_traded=last is not None or _may_be_worth_something(asset, prices),
    )


def _may_be_worth_something(asset: Asset, prices: PriceTable) -> bool:
    """Tell whether it is traded, or by its name a part of what is."""
    stem = asset.partition(".")[0]
    return prices.is_traded(asset) or prices.is_traded(Asset(stem))


def _doubt(
    asset: Asset, way: Way | None, prices: PriceTable, last: _Last | None, now: datetime
) -> str:
    """Return why there is no price that can be believed, or nothing where there is."""
    if way is None:
        return prices.why_none(asset)
    if last is None or not is_jump(
        way.price, last=last.price, elapsed=now - last.at, swing=last.swing
    ):
        return ""
    if any(abs(each.price / way.price - 1) <= AGREES for each in prices.others(asset, way)):
        return ""
    return f"{way.said} says {plain(way.price)}, a jump that no other pair confirms"
