"""What was read of the books and stays true until the journal grows."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from kraken_pipeline.store import journal

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """What a query found, read anew only if the journal's end has moved.

    For what never changes without an entry in the journal, as orders and fills.
    """

    def __init__(self, query: Callable[[Connection], Value]) -> None:
        """Read nothing yet."""
        self._query: Final = query
        self._known: tuple[journal.Head, Value] | None = None

    def read(self, connection: Connection) -> Value:
        """Return what the query finds now.

        The end is read first: what comes in between is then read once more.
        """
        head, known = journal.head(connection), self._known
        if known is None or known[0] != head:
            self._known = known = head, self._query(connection)
        return known[1]
