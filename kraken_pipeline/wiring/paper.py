"""Everything with the simulator: the same client as for Kraken, at an address of this machine."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.address import LoopbackAddress
from kraken_pipeline.kraken.budget import Budget
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.orders import Recorder, Trader, Validator
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.shared_lines import Household, private_line, public_line
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.services.ports.exchange import Account, Clock, Market
from kraken_pipeline.services.ports.gateway import Gateway, SwitchTimer
from kraken_pipeline.settings import Loaded
from kraken_pipeline.wiring.clock import simulator_clock, system_microseconds
from kraken_pipeline.wiring.edge import PrivateWay, PublicWay
from kraken_pipeline.wiring.exchange import (
    KEY,
    SECRET,
    MarketChoice,
    chosen,
    is_paced,
    mirrored,
    running_simulator,
)
from kraken_pipeline.wiring.nonces import NONCES
from kraken_pipeline.wiring.paper_budget import paper_budget
from kraken_pipeline.wiring.private_way import private_way, stream_beside
from kraken_pipeline.wiring.public_way import public_way
from kraken_pipeline.wiring.remember import ListingRemembered


class Edge:
    """The exchange as paper sees it. Nothing is connected, or started, before it is used."""

    key = KEY
    secret = SECRET

    def __init__(self, loaded: Loaded, *, rehearse: bool) -> None:
        """Take the configuration.

        Args:
            loaded: says where a simulator runs, or where one may keep its state.
            rehearse: orders are only checked by the exchange, never placed.
        """
        self._loaded = loaded
        self.rehearses = rehearse
        self._opened = ExitStack()

    @cached_property
    def url(self) -> str:
        """The simulator's address; one is started if none runs for this data folder."""
        given = self._loaded.simulator_url
        choice = chosen(self._loaded, MarketChoice())
        running = running_simulator(self._loaded.data_dir, choice, given=given)
        return LoopbackAddress(self._opened.enter_context(running)).url

    @cached_property
    def clock(self) -> Clock:
        """The simulator's time."""
        return simulator_clock(self.url)

    @cached_property
    def market(self) -> Market:
        """Its public side, with the listing at most a minute old."""
        return ListingRemembered(self._public)

    @property
    def market_now(self) -> Market:
        """Its public side with nothing remembered, for the universe."""
        return self._public

    @cached_property
    def market_behind(self) -> Market:
        """Its public side for what fills the past."""
        return self._public_side(gives_way=True)

    @cached_property
    def account(self) -> Account:
        """Its private side, reading."""
        return ReadOnlyAccount(self.private_line, symbols=self._public.symbols)

    @cached_property
    def private_way(self) -> PrivateWay:
        """The account's own stream."""
        return private_way(
            stream_beside(self.url),
            self.private_line,
            symbols=self._public.symbols,
            folder=self.nonce_dir,
            budget=self._budget,
        )

    @cached_property
    def public_way(self) -> PublicWay:
        """The market's stream; that of the exchange that is mirrored, where one is."""
        url = mirrored(self._loaded.settings) or self.url
        return public_way(url, folder=self.nonce_dir)

    @cached_property
    def gateway(self) -> Gateway:
        """Where orders go: the one table of modes; what it does not list is not built."""
        if self.rehearses:
            return Validator(self.private_line)
        return GATEWAYS[self._loaded.settings.execution.mode](self)

    @cached_property
    def timer(self) -> SwitchTimer:
        """The dead man's switch; the paper account has one key for everything."""
        return Guard(self.private_line)

    @property
    def nonce_dir(self) -> Path:
        """Where the mark of used nonces is kept, for every process of this key."""
        return self._loaded.data_dir / NONCES

    def books_agreed(self, at: datetime) -> None:
        """Keep nothing: the paper account has one key for ever."""

    def close(self) -> None:
        """Close the connections and end a simulator that was started here."""
        self._opened.close()

    @cached_property
    def _public(self) -> PublicMarket:
        return self._public_side(gives_way=False)

    def _public_side(self, *, gives_way: bool) -> PublicMarket:
        paced = is_paced(self._loaded.settings)
        url, house = self.url, self._house
        line = public_line(url, house, gives_way=gives_way) if paced else PublicLine(url)
        market = PublicMarket(line)
        self._opened.callback(market.close)
        return market

    @property
    def _house(self) -> Household:
        return Household(folder=self.nonce_dir, tier=TIERS["starter"], clock=system_microseconds)

    @cached_property
    def _budget(self) -> Budget:
        credential = Credential(key=self.key, secret=self.secret)
        return paper_budget(self.url, credential, self._house)

    @cached_property
    def private_line(self) -> PrivateLine:
        """The line of the paper account's key."""
        credential = Credential(key=self.key, secret=self.secret)
        line = private_line(self.url, credential, self._house, budget=self._budget)
        self._opened.callback(line.close)
        return line


GATEWAYS: Final[Mapping[str, Callable[[Edge], Gateway]]] = MappingProxyType(
    {"dry_run": lambda edge: Recorder(), "paper": lambda edge: Trader(edge.private_line)}
)
"""Mode to where its orders go (MOD-1). A mode that is not here is not built."""


def open_edge(loaded: Loaded, *, rehearse: bool) -> Edge:
    """Return the paper exchange of a configuration."""
    return Edge(loaded, rehearse=rehearse)
