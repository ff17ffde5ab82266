"""The account's own books, per economic asset: kept up with the explained ledger (PF-5 to PF-8)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Final

from kraken_pipeline.domain.accounting.booking import Terms, moves_of
from kraken_pipeline.domain.accounting.causes import Explained
from kraken_pipeline.domain.accounting.fold import Accounts, turn_of
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.accounting.price_points import PricePoint
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.past_prices import Closes, PastPrices
from kraken_pipeline.services.ports.accounts import AccountStore, Booking, Kept
from kraken_pipeline.services.risk.world import economic_asset

AT_ONCE: Final = 1_000
"""Events of one transaction: nobody waits long to write, and a kill loses no more."""
RETRY: Final = timedelta(hours=1)
"""How often what nothing priced is looked up again: bars of its time may have come since."""
RETRIED: Final = 100
"""Events that are looked up again at once; the next ones have the next turn."""
Look = Callable[[Asset, datetime], PricePoint | None]
"""Finds what a unit of an asset was worth at an instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDesk:
    """What keeping the account's books needs."""

    accounts: AccountStore
    base_currency: Asset
    method: Method
    aliases: Sequence[Alias]
    """Of renamed assets, as a person told them."""
    closes: Closes
    """Certified closes, for what happened while nobody saw a ticker."""


def book_moves(
    desk: AccountDesk, listing: Listing, tickers: PriceTable, now: datetime
) -> Mapping[Asset, Decimal]:
    """Book what was explained since.

    Each event is booked once, whatever is asked again; one that is explained otherwise now, or that
    came late, is booked as if it had been known from the first (P-4, P-5).

    Args:
        desk: what it works with.
        listing: names the assets.
        tickers: the prices of now.
        now: when they were seen.

    Returns:
        Each asset of which more went out than is known to have come, with how much: nothing is cut
        off at zero, somebody must look (PF-8).
    """
    prices = PastPrices(
        base_currency=desk.base_currency,
        listing=listing,
        now=now,
        tickers=tickers,
        closes=desk.closes,
    )
    look = cache(prices.__call__)
    _book_all(desk, listing, look)
    if desk.accounts.retry_unpriced(now, every=RETRY, most=RETRIED):
        _book_all(desk, listing, look)
    return desk.accounts.short()


def _book_all(desk: AccountDesk, listing: Listing, look: Look) -> None:
    while not desk.accounts.is_up_to_date(desk.method):
        with desk.accounts.looking() as kept:
            _look_up(desk, kept, listing, look)
        with desk.accounts.booking() as booking:
            _book_some(desk, booking, listing, look)


def _look_up(desk: AccountDesk, kept: Kept, listing: Listing, look: Look) -> None:
    """Find the prices that the next events need: whoever has to write waits for no file of bars."""

    def price(asset: Asset, at: datetime) -> PricePoint | None:
        return kept.price(asset, at) or look(asset, at)

    explained = kept.explained(kept.waiting(AT_ONCE))
    moves_of(explained, _terms(desk, kept, listing, explained, price))


def _terms(
    desk: AccountDesk, kept: Kept, listing: Listing, explained: Sequence[Explained], price: Look
) -> Terms:
    return Terms(
        base_currency=desk.base_currency,
        asset_of=partial(economic_asset, listing.symbols),
        price=price,
        stated=kept.stated([each.entry.entry_id for each in explained]),
        renamed=frozenset((each.old, each.new) for each in desk.aliases),
    )


def _book_some(desk: AccountDesk, booking: Booking, listing: Listing, look: Look) -> None:
    if booking.method() not in {None, desk.method}:
        _rebuild(desk, booking, booking.assets())
    events = booking.waiting(AT_ONCE)
    explained = booking.explained(events)
    price = partial(_price, booking, look)
    moves = moves_of(explained, _terms(desk, booking, listing, explained, price))
    before = {each.move_id: each for each in booking.moves(events)}
    now = {each.move_id: each for each in moves}
    gone = [each for name, each in before.items() if now.get(name) != each]
    new = [each for name, each in now.items() if before.get(name) != each]
    booking.replace_moves(events, moves)
    # sums of money come out the same in any order: only what has lots is made anew
    with_lots = [each for each in new if each.asset != desk.base_currency]
    anew = booking.carried_with({each.asset for each in gone} | _late(booking, with_lots))
    _append(desk, booking, [each for each in new if each.asset not in anew])
    _rebuild(desk, booking, anew)


def _price(booking: Booking, look: Look, asset: Asset, at: datetime) -> PricePoint | None:
    """Return the price that is kept, or find it and keep it: the past has one price (PF-6)."""
    point = booking.price(asset, at)
    if point is None:
        point = look(asset, at)
        if point is not None:
            booking.keep_price(point)
    return point


def _late(booking: Booking, new: Sequence[AccountMove]) -> set[Asset]:
    """Return assets of which a move is new that comes before one that is booked already."""
    ids = {each.move_id for each in new}
    found: set[Asset] = set()
    for asset in {each.asset for each in new}:
        first = min(turn_of(each) for each in new if each.asset == asset)
        later = booking.moves_since(asset, first[0])
        if any(turn_of(each) > first and each.move_id not in ids for each in later):
            found.add(asset)
    return found


def _append(desk: AccountDesk, booking: Booking, new: Sequence[AccountMove]) -> None:
    if not new:
        return
    accounts = Accounts(
        desk.method, desk.base_currency, booking.books({each.asset for each in new})
    )
    accounts.apply(new)
    booking.keep_books(accounts.books(), accounts.matches, desk.method)


def _rebuild(desk: AccountDesk, booking: Booking, assets: Collection[Asset]) -> None:
    """Make the books of some assets anew, of all their moves."""
    if not assets:
        return
    booking.forget(assets)
    accounts = Accounts(desk.method, desk.base_currency)
    accounts.apply(each for asset in assets for each in booking.moves_since(asset, None))
    booking.keep_books(accounts.books(), accounts.matches, desk.method)
