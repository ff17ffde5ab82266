"""The exchange as a pipeline uses it, whichever one it is."""

from datetime import datetime
from typing import Protocol

from kraken_pipeline.services.ports import Account, Clock, Gateway, Market, SwitchTimer


class Edge(Protocol):
    """What is on the other side of the wire. Nothing is connected before it is used."""

    @property
    def rehearses(self) -> bool:
        """Whether orders are only checked, in a namespace of their own."""
        ...

    @property
    def clock(self) -> Clock:
        """The exchange's time."""
        ...

    @property
    def market(self) -> Market:
        """Its public side, with the listing at most a minute old."""
        ...

    @property
    def market_now(self) -> Market:
        """Its public side with nothing remembered."""
        ...

    @property
    def account(self) -> Account:
        """Its private side, reading."""
        ...

    @property
    def gateway(self) -> Gateway:
        """Where orders go."""
        ...

    @property
    def timer(self) -> SwitchTimer:
        """The dead man's switch, with the guard's key.

        Raises:
            ConfigurationError: there is no key for it.
        """
        ...

    def books_agreed(self, at: datetime) -> None:
        """Be told that fills, ledger and balances agreed, and when."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
