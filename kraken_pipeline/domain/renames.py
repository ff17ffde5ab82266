"""Assets under new names, and what becomes of what was held under the old one (UNI-9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import ZERO, Price, Qty, decimal_from
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.symbols import Asset

SHAPE: Final = "OLD NEW SINCE [RATIO], such as `MATIC POL 2024-09-04T00:00Z 1`"
SHORTEST: Final = 3
"""Words of an alias without a ratio."""
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One asset under two names: the old one before an instant, the new one from then on."""

    old: Asset
    new: Asset
    since: datetime
    """Before it, the old name is not taken for the new one. Bars until then are the new one's."""
    ratio: Decimal = _ONE
    """Units of the new for one of the old."""

    def __post_init__(self) -> None:
        """Refuse what renames nothing.

        Raises:
            InvalidValueError: both names are the same, or the ratio is not above zero.
        """
        if self.old == self.new or self.ratio <= 0:
            raise InvalidValueError(
                f"the alias {self.old} {self.new} with ratio {self.ratio}: give two names and a "
                "ratio above 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A holding of a book that goes on under another pair, with its cost; nothing was traded."""

    conversion_id: str
    book: str
    from_asset: Asset
    to_asset: Asset
    ratio: Decimal
    effective_at: datetime
    from_pair: str
    to_pair: str
    qty: Qty
    """Of the old asset."""
    to_qty: Qty
    """Of the new one, rounded down to its smallest unit."""
    cost: Decimal
    """In base currency, without fees."""
    at: datetime


def alias_from(text: str) -> Alias:
    """Read an alias.

    Raises:
        InvalidValueError: it is not of the shape that `SHAPE` names.
    """
    words = text.split()
    if not SHORTEST <= len(words) <= SHORTEST + 1:
        raise InvalidValueError(f"the alias {text!r} must be {SHAPE}")
    try:
        since = datetime.fromisoformat(words[2])
        ratio = decimal_from(words[3]) if len(words) > SHORTEST else _ONE
    except (ValueError, InvalidValueError) as error:
        raise InvalidValueError(f"the alias {text!r} must be {SHAPE}") from error
    if since.utcoffset() is None:
        raise InvalidValueError(f"the alias {text!r} has a time without its zone; write {SHAPE}")
    return Alias(old=Asset(words[0]), new=Asset(words[1]), since=since.astimezone(UTC), ratio=ratio)


def in_force(aliases: Iterable[Alias], at: datetime) -> dict[Asset, Alias]:
    """Return each old name to the alias that it has come to at an instant.

    Where a new name was given a newer one, the ratios are multiplied; where an old name has several
    aliases, the last one counts.

    Raises:
        InvalidValueError: names lead back to where they began.
    """
    direct = {
        each.old: each for each in sorted(aliases, key=lambda each: each.since) if each.since <= at
    }
    return {old: _last(old, direct) for old in direct}


def _last(old: Asset, direct: Mapping[Asset, Alias]) -> Alias:
    found, seen = direct[old], {old}
    while found.new in direct:
        further = direct[found.new]
        seen.add(found.new)
        if further.new in seen:
            raise InvalidValueError(f"the aliases of {old} lead back to {further.new}")
        found = Alias(
            old=old,
            new=further.new,
            since=max(found.since, further.since),
            ratio=found.ratio * further.ratio,
        )
    return found


def converted(position: Position, conversion: Conversion) -> Position:
    """Return the position after a conversion out of its pair or into it.

    What was realised stays under the name under which it was. A book never ends below zero: should
    a fill that is heard very late have taken what went out, the difference counts as sold without a
    known cost, as with a transfer.

    Raises:
        InvalidValueError: the conversion is of other books or pairs.

    Source: UNI-9, F-MON-8.
    """
    place = position.book, position.pair
    if place == (conversion.book, conversion.to_pair):
        return replace(
            position,
            qty=Qty(position.qty + conversion.to_qty),
            cost=position.cost + conversion.cost,
        )
    if place != (conversion.book, conversion.from_pair):
        raise InvalidValueError(
            f"conversion {conversion.conversion_id} is of {conversion.from_pair} in "
            f"{conversion.book}, not of {position.pair} in {position.book}"
        )
    out = min(conversion.qty, position.qty)
    is_emptied = out == position.qty
    return replace(
        position,
        qty=Qty(position.qty - out),
        cost=ZERO if is_emptied else max(position.cost - conversion.cost, ZERO),
        uncosted=Qty(position.uncosted + conversion.qty - out),
    )


def under_new_name(order: Order, conversion: Conversion) -> Order:
    """Return an order as if it had been of the new asset: what it bought is held under that name.

    It says what an entry was like, for whoever protects the holding. It is no order to be sent.
    """
    ratio = conversion.ratio
    filled_at = order.avg_fill_price
    return replace(
        order,
        pair=conversion.to_pair,
        base=conversion.to_asset,
        qty=Qty(order.qty * ratio),
        filled_qty=Qty(order.filled_qty * ratio),
        limit_price=Price(order.limit_price / ratio),
        avg_fill_price=None if filled_at is None else Price(filled_at / ratio),
        trigger=None,
        close=None,
    )
