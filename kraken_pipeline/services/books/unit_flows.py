"""How many units what came from outside bought: each flow at what all was worth before it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final, Protocol

from kraken_pipeline.domain.accounting.price_points import PricePoint
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.nav import Snapshot, units_after
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.past_prices import AT_ONCE

TICK: Final = timedelta(microseconds=1)
"""The smallest step of the kept times."""


class Moved(Protocol):
    """Says by how much entries of a while changed what the account has.

    Flows that are in the units already are not among them.
    """

    def __call__(self, since: datetime, until: datetime | None) -> Mapping[str, Decimal]:
        """Return that by bucket, for entries at or after `since` and before `until`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of an account between two looks."""

    before: Snapshot
    """The look before."""
    now: datetime
    held: Mapping[Asset, Decimal]
    """Now, also what is between two buckets."""
    moved: Moved
    asset_of: Callable[[str], Asset]
    """The economic asset of a bucket."""
    rate: Callable[[Asset], Decimal | None]
    """What a unit is worth now."""
    price: Callable[[Asset, datetime], PricePoint | None]
    """What a unit was worth at an instant; None if nobody can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What flows did to the units of an account."""

    units: Decimal
    """After them."""
    worth: Decimal
    """Of what came less what left, in base currency, each at its own time."""
    older_prices: Mapping[str, tuple[Asset, ...]]
    """Entries whose units were reckoned with the prices of the look before, for these assets:
    nothing nearer is known of them."""


def bought(past: Past, flows: Sequence[LedgerEntry]) -> Bought:
    """Return the units after flows, each bought or redeemed at the price of just before it.

    What all was worth then is what is held now without all that came and went since. So a loss
    between the last look and a deposit is one of the old units, and a loss between a deposit and
    this look is one of the new units too, however late it is.

    A flow that is told late, of before a look that valued everything, counts from that look on.

    Args:
        past: what is known of the time between.
        flows: that are in no units yet, all of which have a price now.

    Source: PF-13.
    """
    units, worth = past.before.units, ZERO
    older: dict[str, tuple[Asset, ...]] = {}
    for at, held, some in _stations(past, flows):
        units, came, assets = _after(past, units, at, held, some)
        worth += came
        older.update((each.entry_id, assets) for each in some if assets)
    return Bought(units=units, worth=worth, older_prices=older)


def _after(
    past: Past,
    units: Decimal,
    at: datetime,
    held: Mapping[Asset, Decimal],
    flows: Sequence[LedgerEntry],
) -> tuple[Decimal, Decimal, tuple[Asset, ...]]:
    """Return units after the flows of an instant, their worth, and what had an older price."""
    came = _by_asset(past, flows)
    found = {asset: _price(past, asset, at) for asset in sorted({*held, *came})}
    prices = {asset: price or ZERO for asset, (price, _) in found.items()}
    with localcontext(EXACT):
        had = sum((qty * prices[asset] for asset, qty in held.items()), ZERO)
        worth = sum((qty * prices[asset] for asset, qty in came.items()), ZERO)
        equity = had + worth
    last = past.before.unit_price
    after, _ = units_after(units=units, equity=equity, flows=worth, last_price=last)
    return after, worth, tuple(asset for asset, (_, is_older) in found.items() if is_older)


def _stations(
    past: Past, flows: Sequence[LedgerEntry]
) -> Iterator[tuple[datetime, Mapping[Asset, Decimal], Sequence[LedgerEntry]]]:
    """Yield each instant of flows with what was held just before it, oldest first."""
    first = None if past.before.frozen else past.before.at + TICK
    by_instant: defaultdict[datetime, list[LedgerEntry]] = defaultdict(list)
    for each in flows:
        by_instant[each.at if first is None else max(each.at, first)].append(each)
    held = dict(past.held)
    found = []
    until: datetime | None = None
    for at in sorted(by_instant, reverse=True):
        late = [each for each in by_instant[at] if each.at < at]
        _take_back(held, _by_asset(past, late))
        for bucket, qty in past.moved(at, until).items():
            _take_back(held, {past.asset_of(bucket): qty})
        found.append((at, {name: qty for name, qty in held.items() if qty}, by_instant[at]))
        until = at
    yield from reversed(found)


def _take_back(held: dict[Asset, Decimal], qtys: Mapping[Asset, Decimal]) -> None:
    with localcontext(EXACT):
        for asset, qty in qtys.items():
            held[asset] = held.get(asset, ZERO) - qty


def _by_asset(past: Past, flows: Sequence[LedgerEntry]) -> Mapping[Asset, Decimal]:
    """Return what came of each asset.

    A fee left with what it was paid for: whoever moves money in or out does not trade badly
    (F-MON-1, P-19). What it cost is told by the books of the account.
    """
    found: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    with localcontext(EXACT):
        for each in flows:
            found[past.asset_of(each.asset)] += each.net
    return found


def _price(past: Past, asset: Asset, at: datetime) -> tuple[Decimal | None, bool]:
    """Return what a unit was worth, and whether nothing nearer is known than the look before."""
    now = past.rate(asset)
    if past.now - at <= AT_ONCE:
        return now, False
    kept = {each.asset: each.price for each in past.before.valuations}.get(asset)
    if kept is not None and abs(at - past.before.at) <= AT_ONCE:
        return kept, False
    point = past.price(asset, at)
    if point is not None:
        return point.price, False
    return (now, True) if kept is None else (kept, True)
