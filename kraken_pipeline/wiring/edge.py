"""The exchange as a pipeline uses it, whichever one it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.stream.ports import ConnectBudget
from kraken_pipeline.services.ports.exchange import Account, Clock, Market
from kraken_pipeline.services.ports.gateway import Gateway, SwitchTimer


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateWay:
    """The way to the account's own stream, with the reader's key."""

    url: str
    fetch_token: Callable[[], str]
    """Asks for a token that opens it."""
    symbols: Callable[[], SymbolTable]
    """Tells the names of pairs; the first call asks the exchange."""
    connects: ConnectBudget
    """Says when a connection may be opened."""
    count: Callable[[str, float], None]
    """Told where the matching engine's counter of a pair stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicWay:
    """The way to the market's stream; nobody needs a key for it."""

    url: str
    connects: ConnectBudget
    """Says when a connection may be opened; one count with the private stream's."""


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
    def market_behind(self) -> Market:
        """Its public side for what fills the past: it leaves room for what others ask."""
        ...

    @property
    def account(self) -> Account:
        """Its private side, reading."""
        ...

    @property
    def private_way(self) -> PrivateWay:
        """The account's own stream."""
        ...

    @property
    def public_way(self) -> PublicWay:
        """The market's stream."""
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
