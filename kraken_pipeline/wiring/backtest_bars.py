"""The stored bars of a backtest, refused where some are missing for no known reason (HIS-3)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, last_close
from kraken_pipeline.services.backtest import (
    Backtest,
    History,
)
from kraken_pipeline.services.backtest.habits import DAILY
from kraken_pipeline.services.bars.certified import BELIEVED, Absences, absences
from kraken_pipeline.services.bars.coverage import Certificates
from kraken_pipeline.services.bars.renamed_bars import FollowedBars
from kraken_pipeline.services.bars.renamed_history import FollowedCertificates
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.settings import Loaded, Settings
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.bar_kinds import open_shelf, require_kind
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.strategies.base import Bars
from kraken_pipeline.wiring.risk_rules import (
    calm_of,
    measured,
    protections,
)

MOST_NAMED: Final = 3
"""Pairs that are named in an error."""
MOST_OFFERED: Final = 12
"""Pairs that are named in its remedy."""


def stored_bars(loaded: Loaded) -> tuple[BarReading, Certificates]:
    """Return the bars that are kept and what is known of them, each asset under its name of now.

    Raises:
        ConfigurationError: the folder has bars of another kind.
    """
    from kraken_pipeline.store.bars import ShelvedBars  # noqa: PLC0415 - Arrow is heavy

    kind = loaded.settings.market_data.ohlc_store.backend
    require_kind(loaded.bars_dir, kind)
    known = aliases(loaded.settings)
    bars = FollowedBars(ShelvedBars(open_shelf(loaded.bars_dir, kind)), known)
    return bars, FollowedCertificates(CertificateFiles(loaded.bars_dir), known)


def watched_bars(settings: Settings) -> Mapping[str, int]:
    """Return how many bars before a close, by timeframe, are looked at beside the strategies."""
    found: dict[str, int] = {}
    market, calm = measured(settings), calm_of(settings)
    if market is not None:
        found[market.frame.name] = market.bars
    if calm is not None:
        count = calm.needed(protections(settings))
        found[calm.frame.name] = max(found.get(calm.frame.name, 0), count)
    return found


def read_history(
    bars: BarReading,
    asked: Backtest,
    pairs: Sequence[str],
    *,
    usual: int,
    also: Mapping[str, int],
) -> History:
    """Read every bar that a run may look at, with those before it that its indicators need.

    Args:
        bars: that are stored.
        asked: which stretch.
        pairs: our names.
        also: bars of timeframes that are looked at beside what the strategies see.
        usual: how many daily bars tell what is usual; as many of them are read as there are.

    Raises:
        InvalidValueError: of a timeframe no bar is stored, or none that is old enough.
    """
    panels: dict[str, Bars] = {}
    for name in TIMEFRAMES:
        before = max(asked.needed.get(name, 0), also.get(name, 0))
        if not before:
            continue
        panels[name] = _read(bars, name, asked, pairs, before)
        _require_old_enough(panels[name], before, asked)
    known = max(asked.needed.get(DAILY, 0), also.get(DAILY, 0))
    daily = _read(bars, DAILY, asked, pairs, max(usual, known))
    return History({**panels, DAILY: daily} if len(daily.opened_at) else panels)


def _read(bars: BarReading, name: str, asked: Backtest, pairs: Sequence[str], before: int) -> Bars:
    frame = TIMEFRAMES[name]
    first = last_close(frame, asked.since)
    count = int((last_close(frame, asked.until) - first) / frame.length) + before
    return bars.read(frame, pairs, closed_by=asked.until, count=count)


def _require_old_enough(bars: Bars, before: int, asked: Backtest) -> None:
    name = bars.frame.name
    if not len(bars.opened_at):
        raise InvalidValueError(
            f"no bar of {name} is stored that closed by {asked.until:%F}: `kraken-pipeline history "
            f"fetch` and `history import` bring them{_or_without(name, asked)}"
        )
    first = EPOCH + timedelta(seconds=int(bars.opened_at[0])) + before * bars.frame.length
    if first > asked.since + bars.frame.length:
        raise InvalidValueError(
            f"bars of {name} are stored so that {before} of them are there from {first:%F %H:%M} "
            "on: begin then, or fetch older ones with `kraken-pipeline history fetch`"
            f"{_or_without(name, asked)}"
        )


def _or_without(name: str, asked: Backtest) -> str:
    decided = {each for of in asked.strategies for each in of.timeframes}
    others = [each for each in TIMEFRAMES if each in decided - {name}]
    if name not in decided or not others:
        return ""
    return f"; `--timeframe` decides on others alone: {', '.join(others)}"


def require_whole(
    history: History,
    asked: Backtest,
    certificates: Certificates,
    managed: Mapping[str, tuple[datetime, datetime]],
) -> Mapping[str, Mapping[str, int]]:
    """Refuse a run on bars that are missing for no reason that is known (HIS-3).

    Args:
        history: what was read.
        asked: the run.
        certificates: why bars are missing.
        managed: from when until when pairs are in a universe; one that is not there always is.

    Returns:
        How many bars the exchange's archive alone says that they do not exist, by timeframe and
        pair.

    Raises:
        InvalidValueError: some are; the message names the first and how to get them.
    """

    def absent(since: datetime, until: datetime) -> Absences:
        panels = list(_looked_at(history, asked, since, until))
        return absences(panels, until, certificates, enough=BELIEVED)

    found = absent(asked.since, asked.until)
    lacking = {}
    for pair, why in found.uncertified.items():
        begun, ended = managed.get(pair, (asked.since, asked.until))
        within = max(begun, asked.since), min(ended, asked.until)
        if within == (asked.since, asked.until):
            lacking[pair] = why
        # what was not listed yet, or not any more, has no bars and needs none
        elif later := absent(*within).uncertified.get(pair):
            lacking[pair] = later
    if lacking:
        named = "; ".join(f"{pair}: {why}" for pair, why in list(lacking.items())[:MOST_NAMED])
        raise InvalidValueError(
            f"{len(lacking)} pairs lack bars that nobody knows not to exist, so that a run would "
            f"decide on other bars than life did. {named}. Fetch them, {_shorter(history, asked)}, "
            f"or {_left([each for each in history.pairs if each not in lacking])}"
        )
    return found.unproven


def _shorter(history: History, asked: Backtest) -> str:
    """Say which stretch may have all its bars."""
    frames = [history.panels[name] for name in asked.decided_on]
    ends = min(int(each.opened_at[-1]) + each.frame.seconds for each in frames)
    told = EPOCH + timedelta(seconds=ends)
    if told >= asked.until:
        return "take a shorter stretch"
    last = (told - timedelta(days=1)).date()
    return f"end with {last}, as nothing is stored that closed after {told:%F %H:%M}"


def _looked_at(
    history: History, asked: Backtest, since: datetime, until: datetime
) -> Iterator[tuple[Bars, int]]:
    """Yield the bars of each timeframe, and how many of them a stretch looks at."""
    for name, before in asked.needed.items():
        frame = TIMEFRAMES[name]
        first = last_close(frame, since) - before * frame.length
        yield history.panels[name], int((last_close(frame, until) - first) / frame.length)


def _left(whole: Sequence[str]) -> str:
    """Say how to run on the pairs that lack nothing."""
    if not whole:
        return "import Kraken's archive"
    more = f" (and {len(whole) - MOST_OFFERED} more)" if len(whole) > MOST_OFFERED else ""
    named = " ".join(f"--pair {each}" for each in whole[:MOST_OFFERED])
    return f"leave the pairs out; those that lack nothing are {named}{more}"
