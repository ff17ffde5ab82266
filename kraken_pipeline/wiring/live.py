"""Everything with Kraken itself: the only importer of the module that knows where that is.

Nothing here is loaded on paper. The address can be another one only where a program says so in its
own text: no setting and no variable reaches it.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.clock import OffsetEstimate
from kraken_pipeline.domain.errors import AuthError, ConfigurationError
from kraken_pipeline.domain.keys import KeyInfo, Role
from kraken_pipeline.domain.preflight import Cleared, Grounded, preflight
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.clock_offset import measured
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.keys import key_info
from kraken_pipeline.kraken.limits import TIERS, Tier
from kraken_pipeline.kraken.live import KRAKEN, PRIVATE_STREAM, GroundedTrader, LiveTrader
from kraken_pipeline.kraken.orders import Validator
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.shared_lines import Household, budget_of, private_line, public_line
from kraken_pipeline.secrets.passwords import Ask
from kraken_pipeline.services.ports.exchange import Account, Clock, Market
from kraken_pipeline.services.ports.gateway import Gateway, SwitchTimer
from kraken_pipeline.settings import Loaded
from kraken_pipeline.wiring.clock import system_microseconds, system_now
from kraken_pipeline.wiring.credentials import Credentials, Found
from kraken_pipeline.wiring.edge import PrivateWay, PublicWay
from kraken_pipeline.wiring.gates import LiveGates
from kraken_pipeline.wiring.instance import USUAL_FOLDER, InstanceLock
from kraken_pipeline.wiring.modes import Destination, destination
from kraken_pipeline.wiring.nonces import NONCES
from kraken_pipeline.wiring.preflight import Exchange, keep, live_case
from kraken_pipeline.wiring.private_way import private_way, stream_beside
from kraken_pipeline.wiring.public_way import public_way
from kraken_pipeline.wiring.remember import ListingRemembered
from kraken_pipeline.wiring.secrecy import learn


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which exchange is meant, and its time."""

    url: str
    clock: Clock
    instances: Path
    """Where instances that share a key find each other."""
    tier: Tier | None = None
    """What it allows to an account; None as the configuration says of ours."""
    stream_url: str | None = None
    """Of the account's own stream; None where it is served beside `url`."""
    counts_public_calls: bool = True
    """Whether there is a limit to them; a simulator may be asked as often as one likes."""


ACCOUNT: Final = "live"
"""One account, whose orders the matching engine counts together whichever key sent them."""
REAL: Final = Origin(
    url=KRAKEN, stream_url=PRIVATE_STREAM, clock=system_now, instances=USUAL_FOLDER
)


class LiveEdge:
    """The exchange as live sees it. Nothing is connected, and no key read, before it is used."""

    rehearses = False

    def __init__(
        self, loaded: Loaded, credentials: Credentials, gates: LiveGates, origin: Origin
    ) -> None:
        """Take configuration, keys, gates and exchange.

        Raises:
            ConfigurationError: the configuration does not ask for Kraken, or a gate is closed.
        """
        self._destination = destination(loaded)
        if not self._destination.is_kraken:
            raise ConfigurationError("execution.mode is not live; nothing here is built for it")
        self._loaded = loaded
        self._credentials = credentials
        self._gates = gates
        self._origin = origin
        self._opened = ExitStack()
        self._lines: dict[str, PrivateLine] = {}
        self._house = Household(
            folder=loaded.data_dir / NONCES,
            tier=origin.tier or TIERS[loaded.settings.execution.account_tier],
            clock=system_microseconds,
            account=ACCOUNT,
        )

    @property
    def clock(self) -> Clock:
        """The exchange's time: ours, which the preflight holds to be close enough."""
        return self._origin.clock

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
        """Its private side, with the reader's key."""
        line = self._line(self._credentials.of(Role.READER))
        return ReadOnlyAccount(line, symbols=self._public.symbols)

    @cached_property
    def private_way(self) -> PrivateWay:
        """The account's own stream, with the reader's key."""
        found = self._credentials.of(Role.READER)
        return private_way(
            self._origin.stream_url or stream_beside(self._origin.url),
            self._line(found),
            symbols=self._public.symbols,
            folder=self._house.folder,
            budget=budget_of(found.credential, self._house),
        )

    @cached_property
    def public_way(self) -> PublicWay:
        """The market's stream, without a key."""
        return public_way(self._origin.url, folder=self._house.folder)

    @cached_property
    def gateway(self) -> Gateway:
        """Where orders go: Kraken's check, Kraken itself, or nowhere as the preflight objects.

        What is refused can still cancel.
        """
        trader = self._credentials.of(Role.TRADER)
        line = self._line(trader)
        if self._destination is Destination.KRAKEN_CHECKS:
            return Validator(line)
        outcome = self.preflight()
        if isinstance(outcome, Grounded):
            return GroundedTrader(line, objections=outcome.objections)
        return LiveTrader(
            line,
            cleared=outcome,
            key_id=trader.credential.key_id,
            closed_gates=self._gates.closed,
            clock=self.clock,
        )

    @cached_property
    def timer(self) -> SwitchTimer:
        """The dead man's switch, with the guard's key: it needs no leave to place anything."""
        return Guard(self._line(self._credentials.of(Role.GUARD)))

    def preflight(self) -> Cleared | Grounded:
        """Ask everything that counts before live orders, judge it, and keep the result.

        Raises:
            AuthError: a key was refused.
            UnreachableError: the exchange does not answer.
            ConfigurationError: the key file cannot be used.
        """
        exchange = Exchange(
            key_info=self._key_info,
            system_status=self._public.system_status,
            clock_offset=self._clock_offset,
            used_by=self._used_by,
        )
        case = live_case(self._loaded, self._credentials, exchange, now=self.clock())
        outcome = preflight(case)
        keep(self._loaded.data_dir, outcome)
        return outcome

    def books_agreed(self, at: datetime) -> None:
        """Let go of keys that a rotation replaced: with the new ones the books agreed (SEC-7)."""
        self._credentials.finish_rotation(agreed_at=at)

    def close(self) -> None:
        """Close the connections."""
        self._opened.close()

    @cached_property
    def _public(self) -> PublicMarket:
        return self._public_side(gives_way=False)

    def _public_side(self, *, gives_way: bool) -> PublicMarket:
        counts = self._origin.counts_public_calls
        url = self._origin.url
        line = public_line(url, self._house, gives_way=gives_way) if counts else PublicLine(url)
        market = PublicMarket(line)
        self._opened.callback(market.close)
        return market

    def _line(self, found: Found) -> PrivateLine:
        """Return the line of a key: one for a key, whatever roles it serves."""
        key_id = found.credential.key_id
        if key_id not in self._lines:
            line = private_line(self._origin.url, found.credential, self._house)
            self._opened.callback(line.close)
            self._lines[key_id] = line
        return self._lines[key_id]

    def _key_info(self, role: Role, found: Found) -> KeyInfo:
        with _named(role):
            return key_info(self._line(found))

    def _clock_offset(self) -> OffsetEstimate:
        enough = timedelta(milliseconds=self._loaded.settings.clock.max_skew_ms)
        # waiting for a turn to ask would count as time on the way; it is a call a second at most
        uncounted = PublicMarket(PublicLine(self._origin.url))
        try:
            return measured(
                uncounted.server_time, clock=self.clock, sleep=time.sleep, enough=enough
            )
        finally:
            uncounted.close()

    def _used_by(self, role: Role, found: Found) -> str:
        lock = InstanceLock(self._origin.instances, found.credential.key_id)
        self._opened.callback(lock.release)
        other = lock.take(self._loaded.data_dir.resolve())
        if other:
            return other
        with _named(role):
            is_used = self._line(found).catch_up()
        return f"another program used the key for the {role}" if is_used else ""


@contextlib.contextmanager
def _named(role: Role) -> Iterator[None]:
    try:
        yield
    except AuthError as refusal:
        raise type(refusal)(f"the key for the {role}: {refusal}") from None


def open_live(
    loaded: Loaded, environ: Mapping[str, str], *, origin: Origin = REAL, ask: Ask | None = None
) -> LiveEdge:
    """Return the live exchange of a configuration.

    Args:
        loaded: the configuration, with every gate that it needs open.
        environ: where keys may be.
        origin: Kraken, but for a program that stands another exchange in its place.
        ask: asks a person for the password; None where nobody is there.

    Raises:
        ConfigurationError: a gate is closed.
    """
    credentials = Credentials(loaded.config_dir, environ, learn=learn, ask=ask)
    return LiveEdge(loaded, credentials, LiveGates(loaded, environ), origin)
