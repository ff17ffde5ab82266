"""What keeping stops and dust needs from the books."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.lots import Position, Transfer
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.protection import Protection


class Protecting(Protocol):
    """What books hold at this instant, and orders that reduce it."""

    def holdings(self) -> Mapping[tuple[str, str], Qty]:
        """Return what each book holds of each pair, with fills that are not booked yet."""
        ...

    def entry(self, book: str, pair: str) -> Order | None:
        """Return the newest buy of a book and a pair that filled."""
        ...

    def closing_since(self, at: datetime) -> tuple[Order, ...]:
        """Return the orders with a conditional close of which something was heard since then."""
        ...

    def closed_qty(self, local_id: str) -> Decimal:
        """Return how much of an order has stops that Kraken made for it, standing or not."""
        ...

    def next_attempt(self, intent: IntentId, purpose: Purpose) -> int:
        """Return which attempt of an intent for a purpose would be the next; 1 for the first."""
        ...

    def plan(self, order: Order, *, by: str, why: str) -> None:
        """Reserve an order that reduces, outside an assessment.

        Raises:
            ConflictError: its book does not hold so much that nothing else sells, a stop is there
                already, or the attempt was made; nothing is written.
        """
        ...


class ProtectionStore(Protecting, Protocol):
    """The same, and what is known of its stops."""

    def last_stop(self, book: str, pair: str) -> Order | None:
        """Return the stop of a book and a pair that was planned last, whatever became of it."""
        ...

    def adopt(self, order: Order, *, why: str) -> bool:
        """Write an order that the exchange made for one of ours, as it is; False if it is known."""
        ...

    def protections(self) -> tuple[Protection, ...]:
        """Return what is known of stops."""
        ...

    def note(self, now: Protection, *, why: str = "") -> None:
        """Keep what is known of a stop, over what was known; a reason goes to the journal."""
        ...

    def forget(self, book: str, pair: str) -> None:
        """Forget what was known of a stop: there is nothing to protect."""
        ...


class TransferStore(Protocol):
    """What went from one book to another without a trade."""

    def wants_out(self, book: str, pair: str) -> bool:
        """Tell whether a book sold its holding of a pair as far as it could be sold."""
        ...

    def buyer_since(self, pair: str, at: datetime) -> str | None:
        """Return the book of the newest buy of a pair that was planned then or later and filled."""
        ...

    def last_into(self, book: str, pair: str) -> Transfer | None:
        """Return the last transfer of a pair into a book."""
        ...

    def move(self, holding: Position, to_book: str, *, at: datetime, reason: str) -> Transfer:
        """Move a whole holding with its cost, and return the transfer.

        Raises:
            ConflictError: it changed since it was read, or an order is at work on it.
        """
        ...
