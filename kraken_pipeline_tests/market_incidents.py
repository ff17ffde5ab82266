"""What goes wrong in a market's day, drawn from a seed: when, what, and for how long."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from random import Random
from typing import Final

from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule, Seed
from kraken_pipeline_tests.market_line import MarketLine
from kraken_pipeline_tests.market_obstacles import LATE as TOGETHER

SHARES: Final[Mapping[Kind, float]] = {
    Kind.LOST_FRAME: 0.0003,
    Kind.DUPLICATE_FRAME: 0.0003,
    Kind.SWAPPED_FRAMES: 0.0003,
    Kind.BAD_CHECKSUM: 0.0003,
    Kind.NON_JSON_FRAME: 0.0001,
    Kind.SILENT_SUBSCRIPTION: 0.003,
}
"""Of the frames, or of the subscriptions."""
CUT, SILENCE, MAINTENANCE = "cut", "silence", "maintenance"
REST, MUTE, LATE = "rest", "mute", "late"
AN_HOUR: Final[Mapping[str, float]] = {
    CUT: 2.0,
    SILENCE: 1.0,
    MAINTENANCE: 0.25,
    REST: 1.0,
    MUTE: 12.0,
    LATE: 30.0,
}
"""How often each happens."""
MUTED: Final[Sequence[tuple[str, ...]]] = (
    ("book",),
    ("ticker",),
    ("book", "ticker"),
    ("trade",),
    ("ohlc",),
    ("trade", "ohlc"),
    ("book", "ticker", "trade", "ohlc"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One of them."""

    at: datetime
    kind: str
    what: str = ""
    """Whom it struck, and how, where that is not plain."""


class Incidents:
    """Strike as their time comes."""

    def __init__(
        self, line: MarketLine, symbols: Sequence[str], *, seed: int, share: float
    ) -> None:
        """Take whom they strike.

        Args:
            line: the way of everything.
            symbols: as the stream spells them.
            seed: the same brings the same.
            share: how often, by `AN_HOUR` and `SHARES`.
        """
        self._line, self._symbols, self._share = line, symbols, share
        self._random = Random(seed)  # noqa: S311 - a day of its own, the same each time
        self._due: list[Incident] = []
        self._acts: Mapping[str, Callable[[], str]] = {
            CUT: self._cut,
            SILENCE: lambda: self._strike(Kind.SILENT_SOCKET),
            MAINTENANCE: self._maintain,
            REST: lambda: self._strike(Kind.UNAVAILABLE, "OHLC", self._random.randint(1, 40)),
            MUTE: self._mute,
            LATE: self._hold,
        }
        self.struck: list[Incident] = []
        self.frames: Counter[str] = Counter()
        """Faults that struck frames, subscriptions and calls, by kind."""
        shares = {kind: min(share * each, 0.2) for kind, each in SHARES.items()}
        self._seed = Seed(number=seed, rates=shares)

    def plan(self, begin: datetime, hours: float) -> None:
        """Draw what happens in a stretch of time; it begins now."""
        self._line.service.faults.seed(self._seed)
        kinds = chain.from_iterable(self._times(kind, hours) for kind in AN_HOUR)
        drawn = [
            Incident(at=begin + timedelta(hours=hours) * self._random.random(), kind=kind)
            for kind in kinds
        ]
        self._due = sorted(drawn, key=lambda each: (each.at, each.kind), reverse=True)

    def strike(self, now: datetime) -> None:
        """Let happen what is due."""
        while self._due and self._due[-1].at <= now:
            incident = self._due.pop()
            self.struck.append(replace(incident, at=now, what=self._acts[incident.kind]()))

    def end(self) -> None:
        """Let nothing more happen: what is broken may heal now."""
        self._due.clear()
        self._line.obstacles.lift()
        self.pause()

    def pause(self) -> None:
        """Let no fault of the exchange strike until the next stretch."""
        self.frames.update(each.rule.kind.value for each in self._line.service.faults.log())
        self._line.service.faults.clear()

    def _times(self, kind: str, hours: float) -> Iterator[str]:
        wanted = AN_HOUR[kind] * hours * self._share
        return (kind for _ in range(int(wanted + self._random.random())))

    def _strike(self, kind: Kind, subject: str | None = None, times: int = 1) -> str:
        self._line.service.faults.add(Rule(kind=kind, subject=subject, times=times))
        return f"{times} times"

    def _cut(self) -> str:
        refused = self._random.choice((0, 0, 1, 3))
        if refused:
            self._strike(Kind.REFUSED_CONNECTION, "stream", refused)
        return self._strike(Kind.CUT_SOCKET)

    def _maintain(self) -> str:
        self._strike(Kind.REFUSED_CONNECTION, "stream", self._random.randint(4, 7))
        return self._strike(Kind.MAINTENANCE)

    def _mute(self) -> str:
        symbol, channels = self._random.choice(self._symbols), self._random.choice(MUTED)
        # what both leave out and neither comes back to nobody can see: they end, and do not pause
        seconds = math.inf if set(channels) >= TOGETHER else self._random.uniform(20, 900)
        for channel in channels:
            self._line.obstacles.mute(channel, symbol, until=self._line.now().timestamp() + seconds)
        return f"{symbol} on {','.join(channels)} for {seconds:.0f} s"

    def _hold(self) -> str:
        """Hold a pair's trades up until some seconds after the running minute."""
        now = self._line.now().timestamp()
        until = now - now % 60 + 60 + self._random.uniform(0.5, 20)
        symbol = self._random.choice(self._symbols)
        self._line.obstacles.hold(symbol, until=until)
        return f"{symbol} for {until - now:.0f} s"
