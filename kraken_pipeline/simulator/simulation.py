"""Putting a simulator together from what it is told."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from kraken_pipeline.simulator.auth import Key, secret_of
from kraken_pipeline.simulator.clock import Clock, FixedClock, Mode, RealClock
from kraken_pipeline.simulator.engine_limits import TIERS
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.keys import Keys
from kraken_pipeline.simulator.listing import Asset
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.mirror.mirror import opened_mirror
from kraken_pipeline.simulator.replay import ReplayMarket
from kraken_pipeline.simulator.rest import Served, serving
from kraken_pipeline.simulator.rest_limits import Limits, Tier
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.synthetic import SyntheticMarket

FIXED_START: Final = datetime(2026, 10, 1, tzinfo=UTC)
"""Where a fixed clock of the made-up market stands if it is not told."""
FASTEST: Final = 100_000
"""Times real; a market of a year then passes in five minutes."""
DEPOSITS: Final[Mapping[str, Decimal]] = {"ZUSD": Decimal(10_000)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a simulator is told."""

    folder: Path
    """Where its state is kept."""
    secret: str | None = None
    """Base64; it makes a key called `key`."""
    key: str = "SIMULATOR"
    keys: tuple[Key, ...] = ()
    """Those that act on the account, beside the one of `secret`."""
    limits: Limits = Limits.NONE
    """Which REST limits hold."""
    tier: Tier = Tier.STARTER
    """The account's verification level."""
    seed: int = 1
    replay: Path | None = None
    """A folder of recorded candles; None for the made-up market."""
    mirror: str | None = None
    """The address of an exchange whose public data is the market; None for another market."""
    at: datetime | None = None
    """Where time begins in a new state folder; None for the market's own choice."""
    clock: Mode | None = None
    """None runs the made-up market by the machine's clock and lets a recorded one stand."""
    offset: timedelta = timedelta()
    """What is added to the machine's clock."""
    speed: float = 1.0
    """How many of its seconds pass in one of the machine's, if its clock runs."""
    deposits: Mapping[str, Decimal] = field(default_factory=lambda: DEPOSITS)
    """What a new account begins with, by asset."""


@contextmanager
def opened(settings: Settings) -> Iterator[Service]:
    """Open a simulator's state, or begin it, for as long as the context lasts.

    Raises:
        StateError: the state folder can't be used.
        ReplayError: the folder of recorded candles can't.
        ValueError: another setting is wrong.
    """
    keys = Keys(_keys(settings), limits=settings.limits, tier=settings.tier)
    with ExitStack() as stack:
        if settings.mirror is None:
            market, start = _market(settings)
            journal = _journal(settings, market, stack)
            exchange = Exchange(market, _clock(settings, journal.position or start), journal)
            service = Service(exchange, keys)
        else:
            _require_plain(settings)
            mirror = opened_mirror(settings.mirror, RealClock())
            stack.callback(mirror.close)
            exchange = mirror.exchange(_journal(settings, mirror.market, stack))
            service = Service(exchange, keys, mirror=mirror)
            mirror.begin()
        _fund(exchange, settings)
        exchange.counters.tier = TIERS[settings.tier]
        yield service


def _journal(settings: Settings, market: Market, stack: ExitStack) -> Journal:
    # a deposit that can't be made leaves no folder behind
    _deposits(market, settings.deposits)
    journal = Journal(settings.folder, market.identity)
    stack.callback(journal.close)
    return journal


def _fund(exchange: Exchange, settings: Settings) -> None:
    """Bring in what a new account begins with."""
    if not exchange.account.events:
        exchange.journal.position = exchange.clock.now()
        for asset, amount in _deposits(exchange.market, settings.deposits):
            exchange.deposit(asset, amount)


def _require_plain(settings: Settings) -> None:
    """Refuse what a mirror can't have: the other exchange's time is the real one.

    Raises:
        ValueError: a setting is of another market, or of another time.
    """
    usual = Settings(folder=settings.folder)
    for name in ("seed", "replay", "at", "offset", "speed"):
        if getattr(settings, name) != getattr(usual, name):
            raise ValueError(f"a mirror runs in real time on another's prices; leave out {name}")
    if settings.clock == "fixed":
        raise ValueError("a mirror runs in real time; a clock can't be fixed there")


@contextmanager
def simulated(settings: Settings) -> Iterator[Served]:
    """Open a simulator and serve it from a thread of this process."""
    with opened(settings) as service, serving(service) as served:
        yield served


def _keys(settings: Settings) -> list[Key]:
    keys = list(settings.keys)
    if settings.secret is not None:
        keys.insert(0, Key(name=settings.key, secret=secret_of(settings.secret)))
    if not keys:
        raise ValueError("nobody could act on the account; give a secret or a key")
    return keys


def _market(settings: Settings) -> tuple[Market, datetime | None]:
    if settings.replay is None:
        fixed = settings.clock == "fixed" or settings.at is not None
        return SyntheticMarket(settings.seed), settings.at or (FIXED_START if fixed else None)
    market = ReplayMarket(settings.replay)
    return market, market.start(settings.at)


def _clock(settings: Settings, start: datetime | None) -> Clock:
    mode = settings.clock or ("fixed" if settings.replay else "real")
    if mode == "fixed":
        return FixedClock(start or FIXED_START)
    if not 0 < settings.speed <= FASTEST:
        raise ValueError(f"the speed is {settings.speed}; give more than 0, up to {FASTEST}")
    if settings.replay is None and settings.at is None:
        now = RealClock(settings.offset).now()
        ahead = start is not None and start > now and settings.speed != 1
        return RealClock(speed=settings.speed, start=start if ahead else now)
    return RealClock(speed=settings.speed, start=start or FIXED_START)


def _deposits(market: Market, told: Mapping[str, Decimal]) -> list[tuple[Asset, Decimal]]:
    deposits = []
    for name, amount in told.items():
        asset = market.listing.asset(name)
        if asset is None or not amount.is_finite() or amount <= 0:
            raise ValueError(
                f"deposit {name}={amount} can't be made; give a listed asset and a positive amount"
            )
        deposits.append((asset, amount))
    return deposits
