"""What tax tools and accountants take: the ledger, what was traded for what, and every lot."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.accounting.causes import Explained
from kraken_pipeline.domain.accounting.exchanged import Exchanged, exchanges
from kraken_pipeline.domain.accounting.fold import NAMELESS, folded
from kraken_pipeline.domain.accounting.lots import Lot, Match, Method
from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.books.portfolio import PortfolioDesk

HELD = "held"


class Ledger(Protocol):
    """The explained ledger."""

    def explained(self, since: datetime | None) -> tuple[Explained, ...]:
        """Return entries at or after an instant with their causes, oldest first; None for all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """A lot that is held, or what was taken of one. In base currency."""

    asset: Asset
    state: str
    """`held`, or why it went: `fill`, `flow`, `fee` and so on; only a fill or a conversion sold."""
    acquired_at: datetime | None
    """None where it has no one time: in an average, or beyond what is known to have come."""
    disposed_at: datetime | None
    held_days: int | None
    qty: Decimal
    cost: Decimal | None
    """Without fees; None where nobody knows."""
    acquisition_fee: Decimal
    proceeds: Decimal | None
    """Without fees."""
    disposal_fee: Decimal
    gain: Decimal | None
    """Proceeds less cost, fees expensed apart."""
    gain_after_fees: Decimal | None
    """Less the fees of both ends: the tax view."""
    basis: str
    """How well its cost is known."""
    lot_id: str
    disposal_id: str


def ledger(desk: Ledger, days: Days) -> tuple[Explained, ...]:
    """Return every entry of some days with its cause, oldest first."""
    since = max(days.since, EPOCH)
    return tuple(each for each in desk.explained(since) if days.has(each.entry.at))


def traded(desk: PortfolioDesk, kept: Ledger, days: Days) -> tuple[Exchanged, ...]:
    """Return what was given for what in some days, oldest first."""
    # what a bucket is called is learned from all of them
    moves = desk.accounts.moves_within(EPOCH, days.until)
    found = exchanges(kept.explained(None), moves)
    return tuple(each for each in found if days.has(each.at))


def lots(desk: PortfolioDesk, days: Days, method: Method | None) -> tuple[LotRow, ...]:
    """Return what went out of which lot in some days, and what was held after the last of them.

    Args:
        desk: what reading needs.
        days: of the disposals.
        method: of cost; None for the one that the books are kept by.
    """
    moves = desk.accounts.moves_within(EPOCH, days.until)
    books, matches = folded(moves, method or desk.method, desk.base_currency)
    gone = [_gone(each) for each in matches if days.has(each.disposed_at)]
    held = [_held(book.asset, lot) for book in books for lot in book.lots]
    return (*gone, *held)


def _gone(match: Match) -> LotRow:
    held_for = match.held_for
    return LotRow(
        asset=match.asset,
        state=match.cause.value,
        acquired_at=match.acquired_at,
        disposed_at=match.disposed_at,
        held_days=None if held_for is None else held_for.days,
        qty=match.qty,
        cost=match.cost,
        acquisition_fee=match.acquisition_fee,
        proceeds=match.proceeds,
        disposal_fee=match.disposal_fee,
        gain=match.realised,
        gain_after_fees=match.taxable,
        basis=match.basis.value,
        lot_id=match.lot_id,
        disposal_id=match.move_id,
    )


def _held(asset: Asset, lot: Lot) -> LotRow:
    return LotRow(
        asset=asset,
        state=HELD,
        acquired_at=None if lot.lot_id in NAMELESS else lot.acquired_at,
        disposed_at=None,
        held_days=None,
        qty=lot.qty,
        cost=lot.cost,
        acquisition_fee=lot.fee,
        proceeds=None,
        disposal_fee=Decimal(0),
        gain=None,
        gain_after_fees=None,
        basis=lot.basis.value,
        lot_id=lot.lot_id,
        disposal_id="",
    )
