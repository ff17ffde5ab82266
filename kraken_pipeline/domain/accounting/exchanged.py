"""Trades and conversions as what was given for what, one asset on either side."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from kraken_pipeline.domain.accounting.booking import SWAPS
from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.grain import shares
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What was given for what; of an event with several on a side there are several."""

    at: datetime
    sent: Decimal
    """Without the fee; zero where nothing was given that can be told apart."""
    sent_asset: Asset | None
    received: Decimal
    """Without the fee taken off; zero where nothing was had that can be told apart."""
    received_asset: Asset | None
    fee: Decimal
    fee_asset: Asset | None
    worth: Decimal | None
    """What was sent, its own fee with it, was worth, in base currency; of what was received where
    nothing was sent."""
    cause: Cause
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What went out or came in of one asset."""

    asset: Asset
    qty: Decimal
    value: Decimal | None


def exchanges(
    explained: Iterable[Explained], moves: Iterable[AccountMove]
) -> tuple[Exchanged, ...]:
    """Return what trades and conversions gave for what, oldest first.

    Where many were given for one, as small rests are swept, the one is shared out by what the many
    were worth; the shares add up to it.

    Args:
        explained: entries of the ledger, each event whole.
        moves: what they were booked as.
    """
    events: defaultdict[str, list[Explained]] = defaultdict(list)
    for each in explained:
        if each.cause in SWAPS:
            events[each.event_id].append(each)
    booked = {each.move_id: each for each in moves}
    buckets = {
        each.entry.asset: booked[each.entry.entry_id].asset
        for some in events.values()
        for each in some
        if each.entry.entry_id in booked
    }
    with localcontext(EXACT):
        found = [row for some in events.values() for row in _rows(some, booked, buckets)]
    return tuple(sorted(found, key=lambda each: (each.at, each.event_id)))


def _rows(
    some: Sequence[Explained],
    booked: Mapping[str, AccountMove],
    buckets: Mapping[str, Asset],
) -> Iterator[Exchanged]:
    amounts: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    fees: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    values: dict[Asset, Decimal | None] = {}
    for each in some:
        asset = buckets.get(each.entry.asset, Asset(each.entry.asset))
        amounts[asset] += each.entry.amount
        fees[asset] += each.entry.fee
        if each.entry.entry_id in booked:
            values[asset] = booked[each.entry.entry_id].value
    sides = [_Side(asset=a, qty=q, value=values.get(a)) for a, q in sorted(amounts.items()) if q]
    pairs = _paired([s for s in sides if s.qty < 0], [s for s in sides if s.qty > 0])
    paid = [(asset, fee) for asset, fee in sorted(fees.items()) if fee]
    at = min(each.entry.at for each in some)
    for place in range(max(len(pairs), len(paid))):
        out, into = pairs[place] if place < len(pairs) else (None, None)
        fee_asset, fee = paid[place] if place < len(paid) else (None, ZERO)
        side = out or into
        yield Exchanged(
            at=at,
            sent=ZERO if out is None else -out.qty,
            sent_asset=None if out is None else out.asset,
            received=ZERO if into is None else into.qty,
            received_asset=None if into is None else into.asset,
            fee=fee,
            fee_asset=fee_asset,
            worth=None if side is None else side.value,
            cause=some[0].cause,
            event_id=some[0].event_id,
        )


def _paired(
    outs: Sequence[_Side], intos: Sequence[_Side]
) -> list[tuple[_Side | None, _Side | None]]:
    """Return each side with its part of the other, where the other is one asset."""
    if len(intos) == 1 and outs:
        return list(zip(outs, _shared(intos[0], outs), strict=True))
    if len(outs) == 1 and intos:
        return list(zip(_shared(outs[0], intos), intos, strict=True))
    return [(each, None) for each in outs] + [(None, each) for each in intos]


def _shared(one: _Side, many: Sequence[_Side]) -> list[_Side]:
    known = [each.value for each in many if each.value]
    is_known = len(known) == len(many)
    weights = known if is_known else [Decimal(1)] * len(many)
    values = [None] * len(many) if one.value is None else shares(one.value, weights)
    return [
        _Side(asset=one.asset, qty=qty, value=value)
        for qty, value in zip(shares(one.qty, weights), values, strict=True)
    ]
