"""What the account is worth as it is read: valued, in units, and how far it fell."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.price_points import PricePoint
from kraken_pipeline.domain.accounting.valuation import valuations
from kraken_pipeline.domain.accounting.vaults import is_vault
from kraken_pipeline.domain.ledger import Drift, LedgerEntry, drifts
from kraken_pipeline.domain.lots import MANUAL, Position
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav import Snapshot, Valuation, drawdown, freeze, total, units_after
from kraken_pipeline.domain.nav_days import NavDay, Reading, day_after, fall
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance, Listing
from kraken_pipeline.domain.symbols import Asset, is_locked
from kraken_pipeline.services.books.unit_flows import Bought, Moved, Past, bought
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.risk.world import economic_asset

WINDOW: Final = timedelta(hours=24)
"""Over which the drawdown is reckoned that the kill switch goes by."""
FALLS: Final = ("drawdown", "drawdown_of_day", "drawdown_of_all_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class NavDesk:
    """What valuing needs."""

    books: BookStore
    base_currency: Asset
    in_flight: tuple[InFlight, ...]
    """What left one bucket and is in no other yet (PF-11)."""
    moved: Moved
    """Says what came and went in a while."""
    price: Callable[[Asset, datetime], PricePoint | None]
    """What a unit was worth at an instant; None if nobody can say."""
    tracks_manual: bool
    """Whether trades that no strategy made count in the sums of profit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A snapshot with what is kept beside it."""

    snapshot: Snapshot
    flows: Sequence[LedgerEntry]
    """Those that are in its units now."""
    day: NavDay
    """Its UTC day with it in it."""
    drift_worth: Decimal | None
    """Of all by which books and balances differ; None where something of it has no price."""
    older_prices: Mapping[str, tuple[Asset, ...]]
    """Flows whose units were reckoned with the prices of the look before, for these assets."""


def take(
    desk: NavDesk,
    balances: Mapping[str, Balance],
    *,
    prices: PriceTable,
    listing: Listing,
    before: Snapshot | None,
    at: datetime,
) -> Taken:
    """Value what the account has, and say what became of a unit.

    While too little of it has a price of now, units, their price and the falls stand still, and
    flows wait: taken for nothing, what has no price would look like a loss (PF-12).

    Args:
        desk: what valuing needs.
        balances: by bucket, read in one instant with the kept ledger.
        prices: of the same instant.
        listing: names assets and pairs.
        before: the newest snapshot.
        at: when it was read.
    """
    held = _held(desk, balances, listing)
    locked = _locked(balances, listing)
    valued = tuple(
        replace(each, locked=locked.get(each.asset, ZERO))
        for each in valuations(held, prices, before=before, now=at)
    )
    rates = _Rates(held={each.asset: each for each in valued}, prices=prices, listing=listing)
    drifting, equity = drifting_of(desk.books, balances), total(valued)
    drift = said_of(drifting)
    cash = sum((each.qty for each in valued if each.asset == desk.base_currency), ZERO)
    positions = tuple(each for each in desk.books.positions() if each.qty or each.realised)
    counted = [each for each in positions if desk.tracks_manual or each.book != MANUAL]
    is_frozen = before is not None and bool(freeze(valued))
    # what has no price yet is in no equity yet, and so waits as a flow too
    flows = () if is_frozen else tuple(filter(rates.knows, desk.books.unvalued_flows()))
    told = _bought(desk, rates, before, held, flows, at)
    units, unit_price = _units(before, equity, told, is_frozen=is_frozen)
    read = Reading(
        at=at,
        unit_price=unit_price,
        equity=equity,
        exposure=equity - cash,
        flows=told.worth,
        is_sure=not freeze(valued) and not drift,
    )
    day = day_after(desk.books.newest_day(at), read)
    snapshot = Snapshot(
        at=at,
        equity=equity,
        cash=cash,
        valuations=valued,
        positions=positions,
        realised=sum((each.realised for each in counted), ZERO),
        unrealised=sum((rates.unrealised(each) for each in counted), ZERO),
        fees=sum((each.fees for each in counted), ZERO),
        units=units,
        unit_price=unit_price,
        drift=drift,
        drifted_by={each.asset: each.more for each in drifting},
        **_falls(desk, day, before if is_frozen else None),
    )
    return Taken(
        snapshot=snapshot,
        flows=flows,
        day=day,
        drift_worth=rates.worth_of(drifting),
        older_prices=told.older_prices,
    )


def drifting_of(books: BookStore, balances: Mapping[str, Balance]) -> tuple[Drift, ...]:
    """Return each bucket in which replay and balance differ, vaults among the balances."""
    return drifts(books.replayed_balances(), {name: each.total for name, each in balances.items()})


def said_of(drifting: Iterable[Drift]) -> dict[str, str]:
    """Return how replay and balance differ, by bucket."""
    return {
        each.asset: f"ledger says {each.replayed}, {_who_tells(each.asset)} {each.at_exchange}"
        for each in drifting
    }


def _who_tells(bucket: str) -> str:
    return "Earn says" if is_vault(bucket) else "balance is"


def totals(balances: Mapping[str, Balance], listing: Listing) -> dict[Asset, Decimal]:
    """Return what the account has of each economic asset, whatever the bucket."""
    found: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for bucket, balance in balances.items():
        found[economic_asset(listing.symbols, bucket)] += balance.total
    return dict(found)


def _locked(balances: Mapping[str, Balance], listing: Listing) -> Mapping[Asset, Decimal]:
    """Return what of each asset lies where nothing is sold from."""
    some = {bucket: each for bucket, each in balances.items() if is_locked(bucket) and each.total}
    return totals(some, listing)


def _held(
    desk: NavDesk, balances: Mapping[str, Balance], listing: Listing
) -> Mapping[Asset, Decimal]:
    """Return what the account has of each asset, also what is between two buckets (PF-11)."""
    held = totals(balances, listing)
    for each in desk.in_flight:
        asset = economic_asset(listing.symbols, each.entry.asset)
        held[asset] = held.get(asset, ZERO) + each.qty
    return held


def _bought(
    desk: NavDesk,
    rates: "_Rates",
    before: Snapshot | None,
    held: Mapping[Asset, Decimal],
    flows: Sequence[LedgerEntry],
    at: datetime,
) -> Bought:
    """Return the units that flows bought; of a new account nothing is known but what it has now."""
    if before is None:
        worth = sum((rates.worth(each) for each in flows), ZERO)
        return Bought(units=ZERO, worth=worth, older_prices={})
    past = Past(
        before=before,
        now=at,
        held=held,
        moved=desk.moved,
        asset_of=partial(economic_asset, rates.listing.symbols),
        rate=rates.of,
        price=desk.price,
    )
    return bought(past, flows)


def _units(
    before: Snapshot | None, equity: Decimal, told: Bought, *, is_frozen: bool
) -> tuple[Decimal, Decimal]:
    if is_frozen and before is not None:
        return before.units, before.unit_price
    last = Decimal(1) if before is None else before.unit_price
    return units_after(units=told.units, equity=equity, flows=ZERO, last_price=last)


def _falls(desk: NavDesk, day: NavDay, frozen_at: Snapshot | None) -> dict[str, Decimal]:
    if frozen_at is not None:
        return {name: getattr(frozen_at, name) for name in FALLS}
    unit_price, at = day.last_unit_price, day.last_at
    recent = desk.books.unit_prices(at - WINDOW)
    return dict(
        zip(
            FALLS,
            (
                drawdown(recent, now=at, unit_price=unit_price, window=WINDOW),
                fall(day.first_unit_price, unit_price),
                fall(day.peak_unit_price, unit_price),
            ),
            strict=True,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rates:
    """What a unit of anything is worth: of what is held as it was valued, else by the market."""

    held: Mapping[Asset, Valuation]
    prices: PriceTable
    listing: Listing

    def of(self, asset: Asset) -> Decimal | None:
        """Return base currency per unit."""
        held = self.held.get(asset)
        return self.prices.rate(asset) if held is None else held.price

    def knows(self, flow: LedgerEntry) -> bool:
        """Tell whether a flow can be valued."""
        return self.of(economic_asset(self.listing.symbols, flow.asset)) is not None

    def worth(self, flow: LedgerEntry) -> Decimal:
        """Return what came or left, at the prices of now.

        Its fee left with it: whoever moves money in or out does not trade badly (F-MON-1, P-19).
        What it cost is told by the books of the account.
        """
        rate = self.of(economic_asset(self.listing.symbols, flow.asset))
        return flow.net * (rate or ZERO)

    def worth_of(self, drifting: Iterable[Drift]) -> Decimal | None:
        """Return what all drift is worth, none of it against another; None if some has no price."""
        found = ZERO
        for each in drifting:
            rate = self.of(economic_asset(self.listing.symbols, each.asset))
            if rate is None:
                return None
            found += abs(each.at_exchange - each.replayed) * rate
        return found

    def unrealised(self, position: Position) -> Decimal:
        """Return what a position would gain if it were sold now."""
        pair = self.listing.pairs.get(position.pair)
        rate = None if pair is None else self.of(pair.base)
        return ZERO if rate is None else position.unrealised(rate)
