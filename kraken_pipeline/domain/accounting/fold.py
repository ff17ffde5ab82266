"""Moves to what each asset's account is: its lots, gains, income and fees, under one method.

Both views of fees come of the same lots: where they are expensed, and where they belong to cost
and proceeds. Every sum is exact: what an asset's lots cost is, to the last digit, what came of it.

Source: rules PF-5 to PF-8.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.grain import share, shares
from kraken_pipeline.domain.accounting.lots import (
    AVERAGE,
    MISSING,
    UNCOSTED,
    Lot,
    Match,
    Method,
    Shelf,
    split,
    unit_cost,
)
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset

SUMS: Final = (
    "realised",
    "taxed",
    "income",
    "flows",
    "adjusted",
    "unexplained",
    "fees",
    "tax_fees",
    "stated",
    "uncosted",
    "swapped",
)
_BY_CAUSE: Final[Mapping[Cause, str]] = MappingProxyType(
    {
        Cause.FILL: "swapped",
        Cause.CONVERSION: "swapped",
        Cause.FEE: "swapped",
        Cause.INTERNAL: "swapped",
        Cause.FLOW: "flows",
        Cause.REWARD: "income",
        Cause.ADJUSTMENT: "adjusted",
        Cause.UNKNOWN: "unexplained",
    }
)
"""Which sum takes what came of a cause, its fee apart."""
Turn = tuple[datetime, int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBook:
    """What an asset's account is after some moves. All sums are in base currency."""

    asset: Asset
    qty: Decimal = ZERO
    """What all moves add up to; below zero where more went out than is known to have come."""
    lots: tuple[Lot, ...] = ()
    """In the order in which they go; the base currency has none."""
    realised: Decimal = ZERO
    """Gains of what went out, fees expensed (trading view)."""
    taxed: Decimal = ZERO
    """Gains of what went out, fees in cost and proceeds (tax view)."""
    income: Decimal = ZERO
    """What rewards were worth when they came."""
    flows: Decimal = ZERO
    """What came from outside less what left, at the time, without fees."""
    adjusted: Decimal = ZERO
    """What corrections brought or took."""
    unexplained: Decimal = ZERO
    """What came or went and nobody can say why: no profit and no loss."""
    fees: Decimal = ZERO
    """All that was paid in this asset."""
    tax_fees: Decimal = ZERO
    """Fees that belong to the cost or the proceeds of this asset in the tax view."""
    stated: Decimal = ZERO
    """What arrivals cost, as a person says, less what they were worth."""
    uncosted: Decimal = ZERO
    """What went out of unknown cost, less what cost went out at no known price."""
    swapped: Decimal = ZERO
    """What was had in exchange less what was given; over the assets of priced events it is zero."""
    unpriced: int = 0
    """Moves that nobody can value: with any of them, the asset's profit is incomplete."""

    @property
    def cost(self) -> Decimal:
        """What the lots cost, of those of which it is known."""
        with localcontext(EXACT):
            return sum((each.cost for each in self.lots if each.cost is not None), ZERO)

    @property
    def explained(self) -> Decimal:
        """What came of it in all: to the last digit its cost, or the qty of the base currency."""
        with localcontext(EXACT):
            came = self.realised + self.income + self.flows + self.adjusted + self.unexplained
            return came + self.stated + self.uncosted + self.swapped - self.fees


def turn_of(move: AccountMove) -> Turn:
    """Return the place of a move in the order of time; of one instant what comes comes first.

    What carries lots on to another name comes after they were taken from the old one.
    """
    rank = int(move.qty < 0)
    if move.basis is Basis.CARRIED:
        rank = 3 - rank
    return move.at, rank, move.event_id, move.move_id


class Accounts:
    """The accounts of some assets under one method, move after move."""

    def __init__(
        self, method: Method, base_currency: Asset, books: Iterable[AssetBook] = ()
    ) -> None:
        """Go on from what the accounts are, or begin with nothing."""
        self.matches: list[Match] = []
        """What was matched since; whoever keeps it may take it away."""
        self._method = method
        self._base_currency = base_currency
        self._carried: dict[str, list[Lot]] = {}
        self._open: dict[Asset, _Open] = {}
        for book in books:
            self._open[book.asset] = _opened(book, method)

    def books(self) -> tuple[AssetBook, ...]:
        """Return what the accounts are now, by asset."""
        return tuple(_closed(asset, each) for asset, each in sorted(self._open.items()))

    def apply(self, moves: Iterable[AccountMove]) -> None:
        """Take moves, which come after all that were taken before."""
        with localcontext(EXACT):
            for move in sorted(moves, key=turn_of):
                self._apply(move)

    def _apply(self, move: AccountMove) -> None:
        account = self._open.get(move.asset)
        if account is None:
            account = self._open[move.asset] = _Open(self._method)
        before, account.qty = account.qty, account.qty + move.qty
        _count(account, move)
        if move.asset == self._base_currency:
            return
        if move.basis is Basis.CARRIED:
            self._carry(account, move, before)
        elif move.qty > 0:
            lot = Lot(
                lot_id=move.move_id,
                acquired_at=move.at,
                qty=move.qty,
                cost=move.cost,
                fee=move.tax_fee,
                unit=unit_cost(move.cost, move.tax_fee, move.qty),
                basis=move.basis,
            )
            if move.cost is not None and move.value is not None:
                account.sums["stated"] += move.cost - move.value
            _arrive(account, lot, before)
        elif move.qty < 0:
            self.matches += _depart(account, move)

    def _carry(self, account: "_Open", move: AccountMove, before: Decimal) -> None:
        """Take lots from under the old name, or put them on under the new one."""
        if move.qty < 0:
            taken = _taken(account, move)
            self._carried[move.event_id] = taken
            account.sums["swapped"] -= _cost(taken)
            return
        lots = self._carried.pop(move.event_id, [])
        weights = [each.qty for each in lots]
        for lot, qty in zip(lots, shares(move.qty, weights) if lots else [], strict=True):
            account.sums["swapped"] += lot.cost or ZERO
            unit = unit_cost(lot.cost, lot.fee, qty)
            lot_id = f"{lot.lot_id}>{move.move_id}"
            _arrive(account, replace(lot, lot_id=lot_id, qty=qty, unit=unit), before)
            before += qty


class _Open:
    """An account that is being written."""

    __slots__ = ("qty", "shelf", "sums", "unpriced")

    def __init__(self, method: Method) -> None:
        self.qty = ZERO
        self.shelf = Shelf(method)
        self.sums = dict.fromkeys(SUMS, ZERO)
        self.unpriced = 0


def _opened(book: AssetBook, method: Method) -> _Open:
    account = _Open(method)
    account.qty, account.unpriced = book.qty, book.unpriced
    account.sums.update({name: getattr(book, name) for name in SUMS})
    for lot in book.lots:
        account.shelf.put(lot)
    return account


def _closed(asset: Asset, account: _Open) -> AssetBook:
    return AssetBook(
        asset=asset,
        qty=account.qty,
        lots=tuple(account.shelf),
        unpriced=account.unpriced,
        **account.sums,
    )


def _count(account: _Open, move: AccountMove) -> None:
    """Add what came of a move by its cause, and its fee."""
    sums = account.sums
    if not move.is_priced:
        account.unpriced += 1
    if move.value is None:
        return
    came = move.value if move.qty > 0 else -move.value
    sums[_BY_CAUSE[move.cause]] += came + move.fee
    if move.fee:
        sums["fees"] += move.fee
    if move.tax_fee:
        sums["tax_fees"] += move.tax_fee


def _arrive(account: _Open, lot: Lot, before: Decimal) -> None:
    """Put a lot away; what was missing before takes its part of it first."""
    if before < 0:
        covered = min(-before, lot.qty)
        is_whole = covered == lot.qty
        part, left = (lot, lot) if is_whole else split(lot, covered)
        account.sums["uncosted"] -= part.cost or ZERO
        if is_whole:
            return
        lot = left
    account.shelf.put(lot)


def _taken(account: _Open, move: AccountMove) -> list[Lot]:
    """Take what a departure needs, and what is missing as a lot that nobody knows."""
    wanted = -move.qty
    taken = account.shelf.take(wanted)
    missing = wanted - sum((each.qty for each in taken), ZERO)
    if missing:
        taken.append(
            Lot(
                lot_id=MISSING,
                acquired_at=move.at,
                qty=missing,
                cost=None,
                fee=ZERO,
                unit=ZERO,
                basis=Basis.MARKET,
            )
        )
    return taken


def _cost(lots: Iterable[Lot]) -> Decimal:
    return sum((each.cost for each in lots if each.cost is not None), ZERO)


def _depart(account: _Open, move: AccountMove) -> Iterable[Match]:
    taken, sums = _taken(account, move), account.sums
    qty, proceeds, fee = -move.qty, move.value, move.tax_fee
    for part, lot in enumerate(taken):
        is_last = part == len(taken) - 1
        part_proceeds, part_fee = proceeds, fee
        if not is_last:
            part_proceeds = None if proceeds is None else share(proceeds, lot.qty, qty)
            part_fee = share(fee, lot.qty, qty) if fee else ZERO
        match = Match(
            move_id=move.move_id,
            part=part,
            asset=move.asset,
            lot_id=lot.lot_id,
            acquired_at=None if lot.lot_id in NAMELESS else lot.acquired_at,
            disposed_at=move.at,
            qty=lot.qty,
            cost=lot.cost,
            acquisition_fee=lot.fee,
            proceeds=part_proceeds,
            disposal_fee=part_fee,
            basis=lot.basis,
            cause=move.cause,
        )
        gain = match.realised
        if gain is None:
            sums["uncosted"] += (part_proceeds or ZERO) - (lot.cost or ZERO)
        else:
            sums["realised"] += gain
            sums["taxed"] += gain - lot.fee - part_fee
        qty -= lot.qty
        proceeds = None if proceeds is None or part_proceeds is None else proceeds - part_proceeds
        fee -= part_fee
        yield match


NAMELESS: Final = frozenset({AVERAGE, UNCOSTED, MISSING})
"""Lots that came at no one time."""


def folded(
    moves: Iterable[AccountMove], method: Method, base_currency: Asset
) -> tuple[tuple[AssetBook, ...], tuple[Match, ...]]:
    """Return every asset's account after all moves, with what was matched, from nothing on."""
    accounts = Accounts(method, base_currency)
    accounts.apply(moves)
    return accounts.books(), tuple(accounts.matches)
