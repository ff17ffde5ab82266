"""What must hold of every strategy, tried on bars: no look-ahead, enough bars, and sound sleep.

Each check decides the last closes of a stretch over and over, with something changed that may not
matter, and tells the first close at which it did.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.domain.errors import DataStaleError, PipelineError, StrategyFaultError
from kraken_pipeline.domain.intents import Holding
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies.base import (
    COLUMNS,
    Awake,
    Bars,
    Flags,
    Snapshot,
    Strategy,
    Wish,
    Wishes,
)
from kraken_pipeline.strategies.made_up import market
from kraken_pipeline.strategies.slips import slip_in_all, slip_of

SLIPS: Final = (PipelineError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a fault in a strategy raises."""
FUTURE: Final = 30
"""Bars after the close that are there to be looked at, and changed."""
ALIKE: Final = 0.01
"""How far figures may differ by the bars before, as a share: what decays is never quite gone."""
STALE: Final = "stale: "
ENDED: Final = datetime.min.replace(tzinfo=UTC)
EQUITY: Final = Decimal(10_000)
COST: Final = Decimal(100)

Change = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
"""Changes a column from a row on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A strategy with parameters, and the bars that it is tried on."""

    strategy: Strategy
    parameters: Mapping[str, object]
    """Checked."""
    frame: Timeframe
    """On whose closes it decides."""
    panels: Mapping[str, Bars]
    """Of all timeframes that it needs, with more bars before the tried closes than it asks for."""
    closes: int
    """How many of the last closes are tried."""

    @property
    def needs(self) -> Mapping[str, int]:
        """Bars of each timeframe that the strategy asks for."""
        return self.strategy.needs(self.frame.name, self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that must hold and does not."""

    check: str
    closed_at: datetime
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.check} at {self.closed_at:%F %H:%M}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a trial."""

    closes: int
    """Tried, each with nothing held and with every pair held."""
    wishes: int
    """Heard; where there are none, hardly anything was proven."""
    faults: tuple[Fault, ...]
    """At most one of each check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """One close, with what the strategy saw at it and said to it."""

    closed_at: datetime
    shown: Snapshot
    state: Mapping[str, str]
    said: Wishes | str
    """The words of what it raised, where it raised."""


def made_up(
    strategy: Strategy, frame: Timeframe, given: Mapping[str, object], *, closes: int, seed: int
) -> Trial:
    """Return a trial on a made-up market.

    Args:
        strategy: what is tried.
        frame: on whose closes it decides.
        given: its parameters, as the configuration says.
        closes: how many closes are tried.
        seed: another one is another market.

    Raises:
        InvalidValueError: a parameter is wrong.
    """
    parameters = strategy.parameters(given)
    rows = bars_for(strategy.needs(frame.name, parameters), frame, closes=closes)
    return Trial(
        strategy=strategy,
        parameters=parameters,
        frame=frame,
        panels=market({**rows, frame.name: rows.get(frame.name, closes)}, seed=seed),
        closes=closes,
    )


def bars_for(needs: Mapping[str, int], frame: Timeframe, *, closes: int) -> dict[str, int]:
    """Return how many bars of each timeframe a trial of so many closes takes."""
    return {
        name: 2 * count + closes * frame.minutes // TIMEFRAMES[name].minutes + 2
        for name, count in needs.items()
    }


def tried(trial: Trial) -> Outcome:
    """Try every check on a strategy."""
    moments = [each for held in (False, True) for each in _moments(trial, held=held)]
    middle = moments[len(moments) // 4].closed_at if moments else ENDED
    bench = _Bench(trial=trial, awake=_awake(trial), middle=middle)
    found = [_first(name, check, bench, moments) for name, check in CHECKS.items()]
    said = [each.said for each in moments if isinstance(each.said, Wishes)]
    return Outcome(
        closes=len(moments) // 2,
        wishes=sum(len(each.wishes) for each in said),
        faults=tuple(each for each in found if each is not None),
    )


def seen_at(
    trial: Trial, closed_at: datetime, *, held: bool, extra: int = 0, change: Change | None = None
) -> Snapshot:
    """Return what the strategy sees at a close: views into longer panels, as in a backtest.

    Args:
        trial: what is tried.
        closed_at: the close.
        held: whether every pair is held, or none.
        extra: more bars before those that it asks for.
        change: what is done to the bars after the close; None leaves none there at all.
    """
    panels = {
        name: _cut(trial.panels[name], closed_at, count + extra, change)
        for name, count in trial.needs.items()
    }
    deciding = panels[trial.frame.name]
    last = deciding.close[-1] if len(deciding.close) else ()
    holdings = {
        pair: Holding(qty=(COST / Decimal(f"{price:.8f}")), cost=COST)
        for pair, price in zip(deciding.pairs, last, strict=False)
        if held and price > 0
    }
    return Snapshot(
        frame=trial.frame,
        closed_at=closed_at,
        pairs=deciding.pairs,
        tradable=frozenset(deciding.pairs),
        held=frozenset(holdings),
        holdings=holdings,
        parameters=trial.parameters,
        panels=panels,
        equity=EQUITY if trial.strategy.asks_equity else None,
    ).sealed()


def _cut(bars: Bars, closed_at: datetime, count: int, change: Change | None) -> Bars:
    end = int(np.searchsorted(bars.opened_at, _opened(bars, closed_at), side="right"))
    begin = max(end - count, 0)
    whole = {name: bars.column(name)[begin : end + FUTURE] for name in COLUMNS}
    if change is None:
        whole = {name: each[: end - begin].copy() for name, each in whole.items()}
    else:
        whole = {name: change(each, end - begin) for name, each in whole.items()}
    shown = {name: each[: end - begin] for name, each in whole.items()}
    return replace(bars, opened_at=bars.opened_at[begin:end], **shown)  # type: ignore[arg-type]  # by the names of its columns


def _moments(trial: Trial, *, held: bool) -> Iterator[_Moment]:
    bars = trial.panels[trial.frame.name]
    state: Mapping[str, str] = {}
    for opened in bars.opened_at[-trial.closes :]:
        closed_at = datetime.fromtimestamp(int(opened) + trial.frame.seconds, tz=UTC)
        shown = seen_at(trial, closed_at, held=held)
        said = _said(trial.strategy, shown, state)
        yield _Moment(closed_at=closed_at, shown=shown, state=state, said=said)
        state = said.state if isinstance(said, Wishes) else state


def _said(strategy: Strategy, shown: Snapshot, state: Mapping[str, str]) -> Wishes | str:
    try:
        said = strategy.decide(shown, MappingProxyType(dict(state)))
        return slip_in_all(said) or said
    except DataStaleError as stale:
        return f"{STALE}{stale}"
    except StrategyFaultError as fault:
        return str(fault)
    except SLIPS as slip:
        return f"{type(slip).__name__}: {slip}"


def _first(name: str, check: "Check", bench: "_Bench", moments: Sequence[_Moment]) -> Fault | None:
    for each in moments:
        what = check(bench, each)
        if what:
            return Fault(check=name, closed_at=each.closed_at, what=what)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What a check may need beside the close."""

    trial: Trial
    awake: Awake | str | None
    """Over the whole stretch; words where it raised, None where the strategy has none."""
    middle: datetime
    """The close in the middle of those that are tried."""

    def flags(self, moment: _Moment, awake: Awake) -> Flags:
        """Return for each pair whether it is worth asking at a close."""
        bars = self.trial.panels[self.trial.frame.name]
        row = np.searchsorted(bars.opened_at, _opened(bars, moment.closed_at))
        return np.asarray((awake.leave if moment.shown.held else awake.enter)[row])


def _decides(bench: _Bench, moment: _Moment) -> str:
    """It decides, or skips in words of its own."""
    is_skip = isinstance(moment.said, str) and moment.said.startswith(STALE)
    return "" if isinstance(moment.said, Wishes) or is_skip else str(moment.said)


def _makes_sense(bench: _Bench, moment: _Moment) -> str:
    """No wish of it is one that is refused as none (STG-4)."""
    managed = frozenset(moment.shown.pairs)
    wishes = moment.said.wishes if isinstance(moment.said, Wishes) else ()
    twice = next(
        (pair for pair, times in Counter(each.pair for each in wishes).items() if times > 1), None
    )
    if twice is not None:
        return f"{twice} is wished for more than once"
    return next((slip for each in wishes if (slip := slip_of(each, managed))), "")


def _repeats(bench: _Bench, moment: _Moment) -> str:
    """The same bars and the same state give the same wishes (P-17)."""
    again = _said(bench.trial.strategy, moment.shown, moment.state)
    return "" if repr(again) == repr(moment.said) else "the same bars give other wishes"


def _looks_not_ahead(bench: _Bench, moment: _Moment) -> str:
    """What comes after the close changes nothing (P-16)."""
    trial, held = bench.trial, bool(moment.shown.held)
    for name, change in FUTURES.items():
        shown = seen_at(trial, moment.closed_at, held=held, change=change)
        if repr(_said(trial.strategy, shown, moment.state)) != repr(moment.said):
            return f"other wishes with the bars after the close {name}"
    return ""


def _is_warm(bench: _Bench, moment: _Moment) -> str:
    """More bars before those that it asks for change nothing that matters (STG-3)."""
    trial, held = bench.trial, bool(moment.shown.held)
    for extra in (1, max(trial.needs.values())):
        shown = seen_at(trial, moment.closed_at, held=held, extra=extra)
        what = _far_apart(moment.said, _said(trial.strategy, shown, moment.state))
        if what:
            return f"{what} with {extra} more bars before; name more in needs"
    return ""


def _sleeps_soundly(bench: _Bench, moment: _Moment) -> str:
    """Where it says that it sleeps, it wishes for nothing."""
    if not isinstance(bench.awake, Awake) or not isinstance(moment.said, Wishes):
        return bench.awake if isinstance(bench.awake, str) else ""
    awake = dict(zip(moment.shown.pairs, bench.flags(moment, bench.awake), strict=True))
    restless = [each.pair for each in moment.said.wishes if not awake.get(each.pair, True)]
    return f"awake says no and it wishes for {', '.join(restless)}" if restless else ""


def _dreams_of_no_future(bench: _Bench, moment: _Moment) -> str:
    """Where it is awake does not depend on what comes later (P-16)."""
    if moment.closed_at != bench.middle or not isinstance(bench.awake, Awake):
        return ""
    trial = bench.trial
    until = {name: _up_to(each, moment.closed_at) for name, each in trial.panels.items()}
    before = _awake(replace(trial, panels=until))
    if not isinstance(before, Awake):
        return str(before)
    rows = len(until[trial.frame.name].opened_at)
    is_same = all(
        np.array_equal(then, now[:rows])
        for then, now in ((before.enter, bench.awake.enter), (before.leave, bench.awake.leave))
    )
    return "" if is_same else "awake answers otherwise once later bars are there"


def _awake(trial: Trial) -> Awake | str | None:
    if trial.strategy.awake is None:
        return None
    try:
        return trial.strategy.awake(trial.frame, trial.panels, trial.parameters)
    except SLIPS as slip:
        return f"{type(slip).__name__}: {slip}"


def _up_to(bars: Bars, closed_at: datetime) -> Bars:
    return _cut(bars, closed_at, len(bars.opened_at), None)


def _opened(bars: Bars, closed_at: datetime) -> int:
    return int(closed_at.timestamp()) - bars.frame.seconds


def _far_apart(one: Wishes | str, other: Wishes | str) -> str:
    """Say in what two answers differ that should be alike; reasons may differ."""
    if isinstance(one, str) or isinstance(other, str):
        return "" if type(one) is type(other) else f"it says {one if other else other}"
    first, second = ({each.pair: each for each in of.wishes} for of in (one, other))
    for pair in sorted(first.keys() | second.keys(), key=str):
        here, there = first.get(pair), second.get(pair)
        if here is None or there is None or here.action is not there.action:
            return f"another action for {pair}"
        if not np.allclose(_figures(here), _figures(there), rtol=ALIKE, atol=0, equal_nan=True):
            return f"figures of {pair} that differ by more than {ALIKE:.0%}"
    return ""


def _figures(wish: Wish) -> tuple[float, float, float]:
    stop = wish.stop_distance if wish.action.opens else 0.0
    return wish.confidence, stop, 0.0 if wish.aim is None else float(wish.aim.amount)


def _wild(column: NDArray[np.float64], row: int) -> NDArray[np.float64]:
    changed = column.copy()
    changed[row:] = column[row:] * 1000 + 7
    return changed


def _gone(column: NDArray[np.float64], row: int) -> NDArray[np.float64]:
    changed = column.copy()
    changed[row:] = np.nan
    return changed


def _turned(column: NDArray[np.float64], row: int) -> NDArray[np.float64]:
    changed = column.copy()
    changed[row:] = column[row:][::-1]
    return changed


FUTURES: Final[Mapping[str, Change]] = MappingProxyType(
    {"a thousand times as high": _wild, "missing": _gone, "in another order": _turned}
)
Check = Callable[[_Bench, _Moment], str]
CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "decides": _decides,
        "makes_sense": _makes_sense,
        "repeatable": _repeats,
        "look_ahead": _looks_not_ahead,
        "warm_up": _is_warm,
        "awake": _sleeps_soundly,
        "awake_look_ahead": _dreams_of_no_future,
    }
)
"""By name; each says what is wrong at a close, or nothing."""
