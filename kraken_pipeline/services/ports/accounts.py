"""What keeping the account's own books needs of a store."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.accounting.causes import Explained
from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.lots import Match, Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.accounting.price_points import PricePoint
from kraken_pipeline.domain.symbols import Asset


class Kept(Protocol):
    """What is kept of the account's books and of what they are made of, at one instant."""

    def waiting(self, most: int) -> tuple[str, ...]:
        """Return the oldest events that are not booked as they are explained now."""
        ...

    def explained(self, event_ids: Collection[str]) -> tuple[Explained, ...]:
        """Return every entry of some events with its cause."""
        ...

    def stated(self, entry_ids: Collection[str]) -> Mapping[str, Decimal]:
        """Return what a person said that entries had cost, in base currency."""
        ...

    def price(self, asset: Asset, at: datetime) -> PricePoint | None:
        """Return the price that is kept of an asset at an instant."""
        ...


class Booking(Kept, Protocol):
    """One transaction over the account's books: what it reads stays so until it ends."""

    def method(self) -> Method | None:
        """Return the cost method of the kept books; None if there are none."""
        ...

    def keep_price(self, point: PricePoint) -> None:
        """Keep a price for good."""
        ...

    def moves(self, event_ids: Collection[str]) -> tuple[AccountMove, ...]:
        """Return the kept moves of some events."""
        ...

    def moves_since(self, asset: Asset, since: datetime | None) -> tuple[AccountMove, ...]:
        """Return an asset's moves at or after an instant, or all."""
        ...

    def carried_with(self, assets: Collection[Asset]) -> frozenset[Asset]:
        """Return assets with every other that a rename ties to one of them."""
        ...

    def books(self, assets: Collection[Asset]) -> tuple[AssetBook, ...]:
        """Return the kept books of some assets."""
        ...

    def replace_moves(self, event_ids: Collection[str], now: Sequence[AccountMove]) -> None:
        """Keep moves instead of those of the events, and have the events wait no more."""
        ...

    def keep_books(
        self, books: Sequence[AssetBook], matches: Sequence[Match], method: Method
    ) -> None:
        """Keep books over those of the same assets, and what was matched besides."""
        ...

    def forget(self, assets: Collection[Asset]) -> None:
        """Forget the books of assets and what was matched, before they are made anew."""
        ...

    def assets(self) -> frozenset[Asset]:
        """Return every asset that has moves."""
        ...


class AccountStore(Protocol):
    """The account's books: moves, lots and what they came to."""

    def looking(self) -> AbstractContextManager[Kept]:
        """Open a look that holds nobody up; what it sees may be otherwise a moment later."""
        ...

    def booking(self) -> AbstractContextManager[Booking]:
        """Open a transaction; an exception undoes all of it."""
        ...

    def is_up_to_date(self, method: Method) -> bool:
        """Tell whether nothing waits and the books are of this method."""
        ...

    def retry_unpriced(self, now: datetime, *, every: timedelta, most: int) -> bool:
        """Have events that nothing priced wait again, some at a time; tell whether any does."""
        ...

    def short(self) -> Mapping[Asset, Decimal]:
        """Return how much more of each asset went out than is known to have come, where it did."""
        ...
