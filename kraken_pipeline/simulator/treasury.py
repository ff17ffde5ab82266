"""Moving an account's funds otherwise than by trading: what is booked, and who may pay for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import buckets, fees
from kraken_pipeline.simulator.accounts import in_ledger
from kraken_pipeline.simulator.bookings import Booked, Booking
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.entries import earning_bucket
from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.ids import funding_reference, identifier

HIGHEST_FEE: Final = fees.CRYPTO[0].taker * fees.PERCENT
"""What open orders may cost at most beside what they hold, as a share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ledger row that is about to be booked."""

    type: str
    subtype: str = ""
    bucket: str
    amount: Decimal
    fee: Decimal = NOTHING
    refid: str
    aclass: str = "currency"
    announced: bool = False
    """Whether it is the row without id that goes before another; see `Booking.id`."""


def reference(exchange: Exchange, *parts: object) -> str:
    """Return a new refid of a deposit, withdrawal or move between buckets."""
    return funding_reference(*exchange.run_id(), exchange.account.events, *parts)


def booked(exchange: Exchange, drafts: Iterable[Draft]) -> Booked:
    """Return the event that writes rows into the ledger, each in its bucket's decimals."""
    listing, number = exchange.market.listing, exchange.account.events
    rows = []
    for place, draft in enumerate(drafts):
        asset = buckets.held_asset(listing, draft.bucket)
        identity = identifier("L", "booked", *exchange.run_id(), number, place)
        rows.append(
            Booking(
                id="" if draft.announced else identity,
                type=draft.type,
                subtype=draft.subtype,
                asset=draft.bucket,
                amount=in_ledger(draft.amount, asset),
                fee=in_ledger(draft.fee, asset),
                refid=draft.refid,
                aclass=draft.aclass,
            )
        )
    return Booked(at=exchange.stamp(exchange.clock.now()), rows=tuple(rows))


def book(exchange: Exchange, drafts: Iterable[Draft], *more: Event) -> Booked:
    """Write rows into the ledger, and what happened with them, and return the rows."""
    event = booked(exchange, drafts)
    exchange.record(event, *more)
    return event


def spendable(exchange: Exchange, bucket: str) -> Decimal:
    """Return what of a bucket no open order needs: an order may need what earns by itself too."""
    listing, account = exchange.market.listing, exchange.account
    has = account.has(bucket)
    asset = buckets.underlying(listing, bucket)
    if asset is None or bucket not in {asset.id, earning_bucket(asset)}:
        return has
    return min(has, account.free(asset, lambda pair: HIGHEST_FEE))
