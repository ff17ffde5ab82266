"""What a strategy is, and all that it may see."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Action, Holding, Unit
from kraken_pipeline.domain.order_terms import OrderTerms
from kraken_pipeline.domain.timeframes import Timeframe, last_close, timeframe
from kraken_pipeline.domain.values import changed, quickly_made

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
"""Rows are bars, oldest first; columns are pairs."""

Flags = NDArray[np.bool_]
"""The same of yes and no."""

COLUMNS: Final = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """The last bars of many pairs on one timeframe, as matrices of time by pair.

    A row is one bar's open time; where a pair has no bar then, its values are NaN.
    """

    frame: Timeframe
    pairs: tuple[str, ...]
    opened_at: NDArray[np.int64]
    """Unix seconds, one a row, evenly spaced, oldest first."""
    open: Floats
    """Quote per base, as are high, low and close."""
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    """Base units."""
    _digest: str = field(default="", init=False, repr=False)
    """Remembered of bars that nobody can write into."""

    def digest(self) -> str:
        """Return the SHA-256 of everything in here, in hex: the identity of what was seen."""
        if self._digest:
            return self._digest
        columns = (self.opened_at, self.open, self.high, self.low, self.close, self.volume)
        hashed = hashlib.sha256(f"{self.frame.name}|{'|'.join(self.pairs)}".encode())
        for each in columns:
            hashed.update(np.ascontiguousarray(each).data)
        if self.is_sealed:
            object.__setattr__(self, "_digest", hashed.hexdigest())
        return hashed.hexdigest()

    def is_whole(self) -> bool:
        """Tell whether every pair has every bar that there is a row for."""
        return not np.isnan(self.close).any()

    def frame_of(self, column: str) -> "pd.DataFrame":
        """Return one column as pandas shows it: a row a bar, indexed by close time, UTC.

        Raises:
            InvalidValueError: there is no such column.
        """
        matrix = self.column(column)
        import pandas as pd  # noqa: PLC0415 - half a second that only who asks for it pays

        closed = pd.to_datetime(self.opened_at + self.frame.seconds, unit="s", utc=True)
        return pd.DataFrame(matrix, index=closed, columns=list(self.pairs))

    def column(self, name: str) -> Floats:
        """Return one column as a matrix.

        Raises:
            InvalidValueError: there is no such column.
        """
        if name not in COLUMNS:
            raise InvalidValueError(f"bars have no column {name!r}; use one of {COLUMNS}")
        matrix: Floats = getattr(self, name)
        return matrix

    def sealed(self) -> "Bars":
        """Return the same bars, shown so that writing into them fails."""
        if self.is_sealed:
            return self
        return replace(
            self,
            opened_at=_read_only(self.opened_at),
            open=_read_only(self.open),
            high=_read_only(self.high),
            low=_read_only(self.low),
            close=_read_only(self.close),
            volume=_read_only(self.volume),
        )

    @property
    def is_sealed(self) -> bool:
        """Whether nobody can write into any of it."""
        columns = (self.opened_at, self.open, self.high, self.low, self.close, self.volume)
        return not any(each.flags.writeable for each in columns)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """What a strategy may see at the close of a bar, and nothing later (STG-1, STG-3)."""

    frame: Timeframe
    closed_at: datetime
    pairs: tuple[str, ...]
    """The universe, and whatever the strategy still holds."""
    tradable: frozenset[str]
    """Pairs that may be entered; others may only be left."""
    held: frozenset[str]
    """Pairs in which the strategy's book of this timeframe holds something."""
    parameters: Mapping[str, object]
    """Checked by the strategy's own model."""
    panels: Mapping[str, Bars]
    """By timeframe; each ends at or before `closed_at`."""
    is_filled: Mapping[str, Flags] = field(default_factory=lambda: MappingProxyType({}))
    """By timeframe, where the strategy's view fills in: which bars are none, as nothing traded."""
    holdings: Mapping[str, Holding] = field(default_factory=lambda: MappingProxyType({}))
    """What its book of this timeframe holds, by pair."""
    equity: Decimal | None = None
    """Of the whole account when it was last valued, in base currency.

    None where that is not known, and to a strategy that does not ask for it.
    """
    seed: int = 0
    """What to draw at random from, if at all: the same whenever this bar is decided."""

    def sealed(self) -> "Snapshot":
        """Return the same, so that nothing in it can be changed by who is shown it (STG-1)."""
        return changed(
            self,
            parameters=_frozen(self.parameters),
            panels=MappingProxyType({name: each.sealed() for name, each in self.panels.items()}),
            is_filled=MappingProxyType(
                {name: _read_only(each) for name, each in self.is_filled.items()}
            ),
            holdings=MappingProxyType(dict(self.holdings)),
        )

    def bars(self, name: str | None = None) -> Bars:
        """Return the bars of a timeframe, by default of the one that closed.

        Raises:
            InvalidValueError: the strategy did not ask for that timeframe in `needs`, or its bars
                reach past the close that is being decided, or are of other pairs.
        """
        wanted = self.frame.name if name is None else name
        if wanted not in self.panels:
            raise InvalidValueError(f"the strategy's needs do not name bars of {wanted}")
        panel = self.panels[wanted]
        newest = int(panel.opened_at[-1]) + panel.frame.seconds if panel.opened_at.size else 0
        if newest > self.closed_at.timestamp():
            raise InvalidValueError(f"bars of {wanted} reach past {self.closed_at}")
        if panel.pairs != self.pairs:
            raise InvalidValueError(f"bars of {wanted} are not of the pairs of the snapshot")
        return panel

    def window(self, column: str, count: int, name: str | None = None) -> Floats:
        """Return the last `count` values of a column of each pair, up to the newest close there is.

        A bar that is missing, also at either end, is a row of NaN, and so is a price that is not
        above zero: whatever is computed from it is NaN as well, never a value of fewer bars.

        Args:
            column: one of `COLUMNS`.
            count: rows, above zero.
            name: timeframe, by default the one that closed.

        Raises:
            InvalidValueError: as `bars` and `Bars.column`.
        """
        panel = self.bars(name)
        matrix = panel.column(column)
        window = np.full((count, len(panel.pairs)), np.nan)
        if not len(matrix):
            return window
        newest = int(last_close(panel.frame, self.closed_at).timestamp()) - panel.frame.seconds
        lacking = (newest - int(panel.opened_at[-1])) // panel.frame.seconds
        rows = min(len(matrix), count - lacking)
        if rows > 0:
            window[count - lacking - rows : count - lacking] = matrix[-rows:]
        if column != "volume":
            window[~(window > 0)] = np.nan
        return window


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How much of a pair to hold in all when the action is done: no amount to trade."""

    unit: Unit
    amount: float | Decimal
    """Above zero: base currency, base units or share of equity, as `unit` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a strategy wants of one pair. Floats end here: risk makes exact numbers of it."""

    pair: str
    action: Action
    confidence: float
    """0 to 1."""
    stop_distance: float
    """Share of the price at which a buy is proven wrong, above zero; ignored where one sells.

    `strategies.stops` makes it of a stop's price and of an average true range.
    """
    reason: str
    terms: OrderTerms | None = None
    """How it is to be ordered, with prices as exact numbers; None as configured."""
    aim: Aim | None = None
    """How much is to be held then.

    Without one risk sizes what buys; a reduction must have one, and an exit has none.
    """
    horizon: timedelta | None = None
    """How long after the close it may still open something, at most 31 days.

    None for as long as until the next bar can be decided.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a strategy says of all pairs at one close."""

    wishes: tuple[Wish, ...]
    no_signals: Mapping[str, str]
    """Every other pair, to why nothing is wanted of it (STG-5)."""
    state: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Saved with the decision and given back at the next (STG-2)."""


Decide = Callable[[Snapshot, Mapping[str, str]], Wishes]
"""Snapshot and saved state, to wishes.

It may raise `DataStaleError` to skip a timeframe for this close: nothing is decided, the words are
recorded, and the saved state stays as it was.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Awake:
    """Closes at which a strategy could wish for anything, over a long stretch.

    A row is a bar of the deciding timeframe's panel, a column a pair. Where it says no, `decide`
    wishes for nothing at that close; where it says yes, it may or may not. What rounds differently
    over a long stretch than over a short one errs towards yes.
    """

    enter: Flags
    """For a pair that is not held."""
    leave: Flags
    """For a pair that is held: leaving it, and any other change of what is held."""


Vigil = Callable[[Timeframe, Mapping[str, Bars], Mapping[str, object]], Awake]
"""Deciding timeframe, panels of all timeframes of `needs` over a stretch, and parameters.

The panels begin with enough bars before the stretch, and each may end later than another: at a
close only bars that had closed by then count.
"""


class View(StrEnum):
    """How a strategy sees a bar that is proven not to exist, as nothing traded (HIS-4).

    That is also so while the exchange was down as a whole.
    """

    STORED = "stored"
    """As absent."""
    FILLED = "filled"
    """As the close before it, with no volume; but never the bar that is decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A strategy: a module constant of this type, named in `STRATEGIES`."""

    name: str
    version: str
    """Changes with every change of what it decides."""
    timeframes: tuple[str, ...]
    """On whose closes it can decide."""
    needs: Callable[[str, Mapping[str, object]], Mapping[str, int]]
    """Timeframe that closed and parameters, to bars needed of each timeframe."""
    parameters: Callable[[Mapping[str, object]], Mapping[str, object]]
    """Checks what the configuration says, fills in defaults.

    Raises `InvalidValueError` that names the parameter, its value and the bound.
    """
    decide: Decide
    view: View = View.STORED
    asks_equity: bool = False
    """Whether it is shown what the account is worth; what is not shown is no part of its inputs."""
    awake: Vigil | None = None
    """At which closes it is worth asking; None for every close."""

    def __post_init__(self) -> None:
        for name in self.timeframes:
            timeframe(name)


def _read_only(column: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written into; the array behind it stays as it is."""
    shown = column.view()
    shown.flags.writeable = False
    return shown


def _frozen(value: Any) -> Any:  # noqa: ANN401 - plain data of any shape, and the same shape back
    if isinstance(value, str | int | float | Decimal):
        return value
    if isinstance(value, Mapping):
        return MappingProxyType({name: _frozen(each) for name, each in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
