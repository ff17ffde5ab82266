"""What a backtest is asked: which stretch, which strategies, on which assumptions."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.allocation import AllocationRules
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.protection import StopStyle
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES, require_utc
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest.model import FeeSchedule, FillModel
from kraken_pipeline.services.deciding.evaluate import Evaluate
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.services.risk.allocate import Measured
from kraken_pipeline.services.risk.assess import BenchDesk
from kraken_pipeline.services.risk.halt import KillSwitches
from kraken_pipeline.services.risk.locks import Calm


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A run as it is asked for. Two that are alike, on the same bars, come to the same."""

    since: datetime
    """The first close that may be decided, or later. UTC."""
    until: datetime
    """Up to which closes are decided, that one included. UTC."""
    strategies: tuple[Configured, ...]
    """With the timeframes that they decide on, and their parameters."""
    cash: Decimal
    """What the account begins with, in base currency."""
    model: FillModel
    fees: FeeSchedule
    seed: int = 0
    """For whatever is drawn; the engine itself draws nothing."""

    def __post_init__(self) -> None:
        """Refuse what can not be run.

        Raises:
            InvalidValueError: the stretch is empty or not in UTC, there is no strategy, or no cash.
        """
        if require_utc(self.since) >= require_utc(self.until):
            raise InvalidValueError(
                f"a backtest from {self.since:%F %H:%M} until {self.until:%F %H:%M} has no bar: "
                "let it end after it begins"
            )
        if not any(each.timeframes for each in self.strategies):
            raise InvalidValueError("a backtest needs a strategy with a timeframe")
        if self.cash <= 0:
            raise InvalidValueError(f"cash is {self.cash}: use an amount above zero")

    @property
    def needed(self) -> Mapping[str, int]:
        """How many bars of each timeframe a decision looks at, the shortest timeframe first."""
        found: dict[str, int] = {}
        for each in self.strategies:
            for closed in each.timeframes:
                for name, count in each.strategy.needs(closed, each.parameters).items():
                    found[name] = max(found.get(name, 0), count)
        return {name: found[name] for name in TIMEFRAMES if name in found}

    @property
    def decided_on(self) -> tuple[str, ...]:
        """The timeframes on which anything is decided, the shortest first."""
        names = {name for each in self.strategies for name in each.timeframes}
        return tuple(name for name in TIMEFRAMES if name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How orders are sent, from the configuration."""

    deadline: timedelta
    max_plan_age: timedelta
    min_notional: Decimal
    """Of a buy, in base currency."""
    funds_cooldown: timedelta
    max_at_exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds in a run as in life: the configuration, the pairs, the universes."""

    bench: BenchDesk
    """What every intent is measured by."""
    sending: Sending
    stops: StopStyle | None
    """How the stops are that protect what is held; None where none are wanted."""
    switches: KillSwitches
    """What latches by itself; in a run there is nobody who would clear it (RSK-8)."""
    qty_caps: Mapping[str, Decimal]
    """The largest order of a pair, in any spelling, in base units, where it has one."""
    allocation: AllocationRules
    """How what strategies want is shared out."""
    measured: Measured | None
    """Over how many bars the market is measured; None where it changes nothing."""
    protections: tuple[Protection, ...]
    """What pauses buying after bad events."""
    calm: Calm | None
    """How a spike of volatility is told; None where none is asked for."""
    habits: Callable[[Collection[str], datetime], Mapping[str, Habit]]
    """Gives what is usual of pairs, by our names, at an instant."""
    listing: Listing
    universes: tuple[Universe, ...]
    """Those in force during the run, oldest first."""
    base_currency: Asset
    evaluate: Evaluate
    """Asks a strategy within its bounds of time and memory."""
    most_faults: int
    """Of a strategy in a row, after which it is not asked any more."""
    config_hash: str
    run_id: str
