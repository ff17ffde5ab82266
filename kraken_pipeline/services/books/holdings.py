"""What is held, as people read it: by asset of the account, and by pair of a strategy's book."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Final

from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.grain import on_grain
from kraken_pipeline.domain.accounting.identity import is_incomplete
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.nav import Quality, Valuation
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.portfolio import PortfolioDesk

NO_PRICE: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An asset of the account, or what a strategy's book holds of a pair. In base currency."""

    at: datetime
    """Of when price and value are."""
    book: str
    """`account`, or whose position it is."""
    asset: str
    """Of the account; the pair where it is a book's."""
    qty: Decimal
    locked: Decimal
    """What of it can't be sold as it lies: staked, bonded or in a vault; nothing of a book's."""
    average_cost: Decimal | None
    """Of a unit, without fees; None where nothing is held or nobody knows."""
    price: Decimal | None
    value: Decimal | None
    unrealised: Decimal | None
    """Of what has both a cost and a price, without fees."""
    realised: Decimal
    """Of the account without fees; of a book after its fees."""
    income: Decimal
    fees: Decimal
    quality: str
    """Of the price: fresh, stale or none."""
    incomplete: bool
    """Whether its profit is not known whole."""


def positions_by_asset(desk: PortfolioDesk) -> tuple[Held, ...]:
    """Return each asset that the account holds or held, by asset; nothing where it was not read."""
    snapshot = desk.books.latest_snapshot()
    if snapshot is None:
        return ()
    books = {each.asset: each for each in desk.accounts.books()}
    valued = {each.asset: each for each in snapshot.valuations}
    with localcontext(EXACT):
        return tuple(
            _of_account(
                snapshot.at,
                valued.get(asset, Valuation(asset=asset, qty=ZERO, price=None, source=NO_PRICE)),
                books.get(asset, AssetBook(asset=asset)),
                is_base=asset == desk.base_currency,
            )
            for asset in sorted(books.keys() | valued.keys())
        )


def _of_account(at: datetime, each: Valuation, book: AssetBook, *, is_base: bool) -> Held:
    costed = sum((lot.qty for lot in book.lots if lot.cost is not None), ZERO)
    known = each.price is not None and (bool(costed) or not each.qty)
    return Held(
        at=at,
        book="account",
        asset=each.asset,
        qty=each.qty,
        locked=each.locked,
        average_cost=Decimal(1) if is_base else _unit(book.cost, costed),
        price=each.price,
        value=each.value,
        unrealised=ZERO if is_base else (_gain(each.price, costed, book.cost) if known else None),
        realised=book.realised,
        income=book.income,
        fees=book.fees,
        quality=each.quality.value if each.qty else "",
        incomplete=is_incomplete(book),
    )


def _unit(cost: Decimal, qty: Decimal) -> Decimal | None:
    return on_grain(cost / qty) if qty else None


def _gain(price: Decimal | None, qty: Decimal, cost: Decimal) -> Decimal | None:
    return None if price is None else price * qty - cost


def positions_by_book(desk: PortfolioDesk) -> tuple[Held, ...]:
    """Return each position of each book, by book and pair; nothing where none was ever opened."""
    snapshot = desk.books.latest_snapshot()
    if snapshot is None:
        return ()
    valued = {each.asset: each for each in snapshot.valuations}
    found = []
    with localcontext(EXACT):
        for each in snapshot.positions:
            worth = valued.get(desk.bases.get(each.pair, Asset(each.pair)))
            price = None if worth is None else worth.price
            quality = Quality.NONE if worth is None else worth.quality
            found.append(
                Held(
                    at=snapshot.at,
                    book=each.book,
                    asset=each.pair,
                    qty=each.qty,
                    locked=ZERO,
                    average_cost=_unit(each.cost, each.qty),
                    price=price,
                    value=None if price is None else price * each.qty,
                    unrealised=_gain(price, each.qty, each.cost) if each.qty else ZERO,
                    realised=each.realised,
                    income=ZERO,
                    fees=each.fees,
                    quality=quality.value if each.qty else "",
                    incomplete=bool(each.uncosted),
                )
            )
    return tuple(found)
