"""Lots, what was taken of them, and the order in which a cost method takes them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.grain import on_grain, share
from kraken_pipeline.domain.accounting.moves import Basis
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH

AVERAGE: Final = "average"
"""The lot into which weighted average cost puts everything."""
UNCOSTED: Final = "uncosted"
"""The lot of what nobody knows the cost of, beside the average."""
MISSING: Final = "missing"
"""Instead of a lot: more went out than was known to be there (PF-8)."""


class Method(StrEnum):
    """Which of the lots goes out first."""

    WAC = "wac"
    """None: what is held has one average cost."""
    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    """The one that cost most for a unit, its fee with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What is left of an arrival."""

    lot_id: str
    """The move that brought it, or `average`."""
    acquired_at: datetime
    """Of an average: of the oldest that was put into it."""
    qty: Decimal
    cost: Decimal | None
    """In base currency, without fees; None if nobody knows."""
    fee: Decimal
    """Paid to get it, in base currency: a part of the cost in the tax view."""
    unit: Decimal
    """What a unit cost when it came, with its fee; zero where nobody knows."""
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A departure, or a part of one, and the lot that it came out of."""

    move_id: str
    """Of the departure."""
    part: int
    """Counted from 0 within the departure."""
    asset: Asset
    lot_id: str
    acquired_at: datetime | None
    """None where it has no one time: taken from an average, or missing."""
    disposed_at: datetime
    qty: Decimal
    cost: Decimal | None
    acquisition_fee: Decimal
    proceeds: Decimal | None
    """What it was worth when it went, without fees; None if nobody knows."""
    disposal_fee: Decimal
    basis: Basis
    cause: Cause
    """Why it went: what left for another wallet realised its gain here, and was not sold."""

    @property
    def realised(self) -> Decimal | None:
        """What it gained where fees are expensed (trading view), in base currency."""
        known = self.cost is not None and self.proceeds is not None
        return self.proceeds - self.cost if known else None  # type: ignore[operator]  # just asked

    @property
    def taxable(self) -> Decimal | None:
        """What it gained where fees belong to cost and proceeds (tax view), in base currency."""
        gain = self.realised
        return None if gain is None else gain - self.acquisition_fee - self.disposal_fee

    @property
    def held_for(self) -> timedelta | None:
        """How long it was held."""
        return None if self.acquired_at is None else self.disposed_at - self.acquired_at


Key = tuple[Decimal | int, int, str]
_SECOND: Final = timedelta(microseconds=1)
_RANK: Final[Mapping[Basis, int]] = MappingProxyType(
    {each: rank for rank, each in enumerate((Basis.PAID, Basis.KNOWN, Basis.INCOME, Basis.MARKET))}
)
"""The best known first: an average is as good as the worst that is in it."""


def _age(lot: Lot) -> int:
    return (lot.acquired_at - EPOCH) // _SECOND


def _average(lot: Lot) -> Key:
    return int(lot.cost is None), 0, ""


def _oldest(lot: Lot) -> Key:
    return 0, _age(lot), lot.lot_id


def _newest(lot: Lot) -> Key:
    return 0, -_age(lot), lot.lot_id


def _dearest(lot: Lot) -> Key:
    # by what it cost when it came: what is left of it, rounded, is as dear as before
    return -lot.unit, _age(lot), lot.lot_id


_KEYS: Final[Mapping[Method, Callable[[Lot], Key]]] = MappingProxyType(
    {
        Method.WAC: _average,
        Method.FIFO: _oldest,
        Method.LIFO: _newest,
        Method.HIFO: _dearest,
    }
)


class Shelf:
    """The lots of one asset, the one that goes next on top. Needs `EXACT`."""

    def __init__(self, method: Method) -> None:
        """Make an empty shelf."""
        self._is_average = method is Method.WAC
        self._key = _KEYS[method]
        self._heap: list[tuple[Key, Lot]] = []

    def __iter__(self) -> Iterator[Lot]:
        """Yield the lots in the order in which they go."""
        return (lot for _, lot in sorted(self._heap, key=lambda each: each[0]))

    def put(self, lot: Lot) -> None:
        """Add a lot that has a qty."""
        key = self._key(lot)
        if self._is_average:
            lot = replace(lot, lot_id=UNCOSTED if lot.cost is None else AVERAGE, unit=ZERO)
            for place, (known, before) in enumerate(self._heap):
                if known == key:
                    self._heap[place] = key, _joined(before, lot)
                    return
        heappush(self._heap, (key, lot))

    def take(self, qty: Decimal) -> list[Lot]:
        """Take up to a qty, lot by lot, and return what was taken of each."""
        taken: list[Lot] = []
        while qty and self._heap:
            key, lot = self._heap[0]
            if lot.qty <= qty:
                heappop(self._heap)
                part = lot
            else:
                part, left = split(lot, qty)
                self._heap[0] = key, left
            taken.append(part)
            qty -= part.qty
        return taken


def unit_cost(cost: Decimal | None, fee: Decimal, qty: Decimal) -> Decimal:
    """Return what a unit of a lot cost, on the grain; zero where nobody knows."""
    return ZERO if cost is None else on_grain((cost + fee) / qty)


def split(lot: Lot, qty: Decimal) -> tuple[Lot, Lot]:
    """Return two lots of one, the first with a qty below that of the whole."""
    cost = None if lot.cost is None else share(lot.cost, qty, lot.qty)
    fee = share(lot.fee, qty, lot.qty) if lot.fee else ZERO
    left = None if cost is None or lot.cost is None else lot.cost - cost
    return (
        replace(lot, qty=qty, cost=cost, fee=fee),
        replace(lot, qty=lot.qty - qty, cost=left, fee=lot.fee - fee),
    )


def _joined(before: Lot, lot: Lot) -> Lot:
    known = before.cost is not None and lot.cost is not None
    return Lot(
        lot_id=before.lot_id,
        acquired_at=min(before.acquired_at, lot.acquired_at),
        qty=before.qty + lot.qty,
        cost=before.cost + lot.cost if known else None,  # type: ignore[operator]  # just asked
        fee=before.fee + lot.fee,
        unit=ZERO,
        basis=max(before.basis, lot.basis, key=lambda each: _RANK[each]),
    )
