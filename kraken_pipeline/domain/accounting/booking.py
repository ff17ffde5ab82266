"""Explained entries to moves of economic assets, at what they were worth when they happened.

Source: rules PF-5 to PF-8.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from functools import cache, partial
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.grain import on_grain
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.accounting.price_points import PricePoint
from kraken_pipeline.domain.accounting.swaps import Leg, Valued, carried, valued_swap
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset

WORTHLESS: Final = frozenset({Asset("KFEE"), Asset("FEE")})
"""Fee credits: they pay fees at the exchange and nobody buys them. Their units are counted; what
they are worth, earn and cost is nothing, so a fee that they pay is no fee in money."""
SWAPS: Final = frozenset({Cause.FILL, Cause.CONVERSION})
"""What gave one asset for another, at one value."""
_BASIS: Final[Mapping[Cause, Basis]] = MappingProxyType(
    {Cause.FILL: Basis.PAID, Cause.CONVERSION: Basis.PAID, Cause.REWARD: Basis.INCOME}
)
UNPRICED: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What moves are made with."""

    base_currency: Asset
    asset_of: Callable[[str], Asset]
    """The economic asset of a bucket, by Kraken's own id."""
    price: Callable[[Asset, datetime], PricePoint | None]
    """What a unit was worth at an instant, always the same; None if nobody can say."""
    stated: Mapping[str, Decimal]
    """What a person said that an arrival had cost, in base currency, by the entry."""
    renamed: Collection[tuple[Asset, Asset]]
    """Old and new names of assets: one becomes the other at its cost (UNI-9)."""


def moves_of(explained: Iterable[Explained], terms: Terms) -> tuple[AccountMove, ...]:
    """Return what events did to each economic asset, oldest first.

    An event must be given whole: every entry of its id.
    """
    events: defaultdict[tuple[str, Cause], list[Explained]] = defaultdict(list)
    for each in explained:
        events[each.event_id, each.cause].append(each)
    found: list[AccountMove] = []
    with localcontext(EXACT):
        for (_, cause), some in events.items():
            found += _moves(cause, some, terms)
    return tuple(sorted(found, key=lambda each: (each.at, each.event_id, each.move_id)))


def _moves(cause: Cause, some: Sequence[Explained], terms: Terms) -> Iterable[AccountMove]:
    legs = _legs(some, terms)
    valued = _valued(cause, legs, terms)
    at = min(each.entry.at for each in some)
    for each in valued:
        yield _move(each, some[0].event_id, cause, at, terms)


def _legs(some: Sequence[Explained], terms: Terms) -> list[Leg]:
    """Return the entries of an event by economic asset: what was taken back is gone again."""
    by_asset: defaultdict[Asset, list[Explained]] = defaultdict(list)
    for each in sorted(some, key=lambda each: (each.entry.at, each.entry.entry_id)):
        by_asset[terms.asset_of(each.entry.asset)].append(each)
    at = min(each.entry.at for each in some)
    return [
        _leg(asset, at, [each.entry.entry_id for each in own], own, terms)
        for asset, own in sorted(by_asset.items())
    ]


def _leg(
    asset: Asset, at: datetime, ids: Sequence[str], own: Sequence[Explained], terms: Terms
) -> Leg:
    amount = sum((each.entry.amount for each in own), ZERO)
    fee = sum((each.entry.fee for each in own), ZERO)
    stated = [terms.stated[each] for each in ids if each in terms.stated]
    is_base = asset == terms.base_currency
    return Leg(
        move_id=ids[0],
        asset=asset,
        amount=amount,
        fee=fee,
        ask=_itself if is_base else cache(partial(_unit, asset, at, terms)),
        is_base=is_base,
        stated=sum(stated, ZERO) if stated else None,
    )


def _itself() -> tuple[Decimal | None, str]:
    return Decimal(1), "itself"


def _unit(asset: Asset, at: datetime, terms: Terms) -> tuple[Decimal | None, str]:
    if asset in WORTHLESS:
        return ZERO, "fee credits have no price"
    point = terms.price(asset, at)
    return (None, UNPRICED) if point is None else (point.price, f"{point.source} {point.detail}")


def _valued(cause: Cause, legs: Sequence[Leg], terms: Terms) -> Iterable[Valued]:
    if cause in SWAPS:
        names = {(out.asset, into.asset) for out in legs for into in legs}
        is_rename = cause is Cause.CONVERSION and bool(names & set(terms.renamed))
        return carried(legs) if is_rename else valued_swap(legs)
    if cause is Cause.INTERNAL:
        return [_only_fee(each) for each in legs if each.fee]
    made = [_fee_itself(each) if cause is Cause.FEE else _by_itself(each) for each in legs]
    return [each for each in made if each.qty or each.fee]


def _by_itself(leg: Leg) -> Valued:
    """Value what came or went without anything for it, at its price."""
    if leg.unit is None:
        return Valued(leg=leg, qty=leg.net, signed=None, source=leg.source)
    signed, fee = on_grain(leg.net * leg.unit), on_grain(leg.fee * leg.unit)
    return Valued(leg=leg, qty=leg.net, signed=signed, fee=fee, source=leg.source)


def _fee_itself(leg: Leg) -> Valued:
    if leg.unit is None:
        return Valued(leg=leg, qty=leg.net, signed=None, source=leg.source)
    signed = on_grain(leg.net * leg.unit)
    return Valued(leg=leg, qty=leg.net, signed=signed, fee=-signed, source=leg.source)


def _only_fee(leg: Leg) -> Valued:
    """Value what a move between buckets cost; what it moved is the account's all the while."""
    if leg.unit is None:
        return Valued(leg=leg, qty=-leg.fee, signed=None, source=leg.source)
    fee = on_grain(leg.fee * leg.unit)
    return Valued(leg=leg, qty=-leg.fee, signed=-fee, fee=fee, source=leg.source)


def _move(valued: Valued, event_id: str, cause: Cause, at: datetime, terms: Terms) -> AccountMove:
    value = None if valued.signed is None else abs(valued.signed)
    stated = valued.leg.stated if valued.qty > 0 and not valued.leg.is_base else None
    basis = _BASIS.get(cause, Basis.MARKET) if stated is None else Basis.KNOWN
    return AccountMove(
        move_id=valued.leg.move_id,
        event_id=event_id,
        at=at,
        cause=cause,
        asset=valued.leg.asset,
        qty=valued.qty,
        value=value,
        fee=valued.fee,
        basis=Basis.CARRIED if valued.is_carried else basis,
        cost=(value if stated is None else stated) if valued.qty > 0 else None,
        tax_fee=valued.tax_fee,
        price_source=valued.source,
    )
