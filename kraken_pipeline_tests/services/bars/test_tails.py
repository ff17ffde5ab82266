"""Tails by a plan, with a real store and an exchange that makes every timeframe of one tape."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.longer_bars import between, made_of
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.services.bars.plan_history import Plan, PlanDesk, Wanted, plan
from kraken_pipeline.services.bars.tails import Fetched, TailDesk, fetch_tails, store_noted, within
from kraken_pipeline.store.bar_pages import TailBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.fetches import PageFile, ReadingFiles
from kraken_pipeline_tests.builders import pair as built
from kraken_pipeline_tests.fakes import overriding

PAIRS = (built(), built(name="ETHUSD", key="XETHZUSD"))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = START + timedelta(hours=5)
FRAMES = tuple(TIMEFRAMES[each] for each in ("1m", "15m", "1h"))
FIRST = int((START - timedelta(hours=30)).timestamp())


@cache
def tape() -> Candles:
    """Return 36 hours of minutes that go up and down, some of them quiet."""
    opened = tuple(range(FIRST, FIRST + 36 * 3600, 60))
    closes = [1000 + (at // 60 * 7919) % 101 for at in opened]
    trades = tuple(0 if at // 60 % 7 == 3 else 2 for at in opened)
    return Candles(
        pair="",
        timeframe="1m",
        opened_at=opened,
        open=tuple(map(str, closes)),
        high=tuple(str(each + 1) for each in closes),
        low=tuple(str(each - 1) for each in closes),
        close=tuple(map(str, closes)),
        volume=tuple(str(each / 4) for each in trades),
        trades=trades,
    )


@cache
def candles_of(frame: Timeframe) -> Candles:
    return tape() if frame.minutes == 1 else made_of(tape(), frame)


@dataclass
class Exchange:
    """Tells the last 720 candles until an instant."""

    now: datetime = START
    odd: frozenset[str] = frozenset()
    """Timeframes whose highs it tells otherwise than its minutes make them."""
    breaks_at: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        self.asked.append((pair.name, frame.name))
        if len(self.asked) == self.breaks_at:
            raise UnreachableError("cut")
        until = int(last_close(frame, self.now).timestamp())
        told = between(candles_of(frame), until - 720 * frame.seconds, until)
        highs = ("9999",) * len(told) if frame.name in self.odd else told.high
        return replace(told, pair=pair.name, high=highs)


@dataclass
class Fetcher:
    folder: Path
    market: Exchange = field(default_factory=Exchange)

    @property
    def desk(self) -> TailDesk:
        return TailDesk(
            market=self.market,
            bars=TailBarStore(self.folder),
            certificates=CertificateFiles(self.folder),
            pages=PageFile(self.folder),
            progress=lambda calls: None,
        )

    def plan(self) -> Plan:
        desk = PlanDesk(
            market=self.market,
            bars=TailBarStore(self.folder),
            certificates=CertificateFiles(self.folder),
            readings=ReadingFiles(self.folder),
            aliases=(),
        )
        wanted = Wanted(pairs=PAIRS, frames=FRAMES, since=None, prove=False)
        return plan(desk, wanted, now=self.market.now)

    def fetch(self) -> Fetched:
        store_noted(self.desk)
        return fetch_tails(self.desk, self.plan().pairs, now=self.market.now)

    def stored(self) -> dict[str, list[list[float]]]:
        """Return what is read back, by timeframe."""
        names = [each.name for each in PAIRS]
        found = {}
        for frame in FRAMES:
            read = TailBarStore(self.folder).read(
                frame, names, closed_by=self.market.now, count=3000
            )
            found[frame.name] = [
                read.column(each).ravel().tolist() for each in ("open", "high", "close", "volume")
            ]
        return found


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    return Fetcher(tmp_path)


def test_each_tail_is_fetched_once_and_certified(fetcher: Fetcher) -> None:
    done = fetcher.fetch()

    assert (done.calls, done.failures) == (len(fetcher.market.asked), {}) == (6, {})
    assert done.added == {"1m": 1440, "15m": 240, "1h": 60}
    for frame in FRAMES:
        for certificate in CertificateFiles(fetcher.folder).of(frame).values():
            assert [each.source for each in certificate.spans] == [Source.OHLC]
    assert fetcher.plan().calls == 0


def test_his_2_longer_ones_are_made_and_are_what_the_exchange_tells(
    fetcher: Fetcher, tmp_path: Path
) -> None:
    fetcher.fetch()
    fetcher.market = Exchange(now=LATER)
    asked = Fetcher(tmp_path / "asked", Exchange(now=LATER))
    asked.fetch()

    done = fetcher.fetch()

    assert fetcher.market.asked == [("XBTUSD", "1m"), ("ETHUSD", "1m")]
    assert (done.made, done.added, done.differing["1m"]) == (
        4,
        {"1m": 600, "15m": 40, "1h": 10},
        0,
    )
    ours, theirs = fetcher.stored(), asked.stored()
    assert ours["15m"] == theirs["15m"]
    assert ours["1h"] == theirs["1h"]
    spans = CertificateFiles(fetcher.folder).of(FRAMES[2])["XBTUSD"].spans
    assert [(each.source, each.origin) for each in spans] == [
        (Source.OHLC, ""),
        (Source.MADE, "1m"),
    ]


def test_his_2_where_it_is_not_the_same_it_is_asked_for_and_said(fetcher: Fetcher) -> None:
    fetcher.market.odd = frozenset({"1h"})
    fetcher.fetch()
    fetcher.market = Exchange(now=LATER, odd=frozenset({"1h"}))

    done = fetcher.fetch()

    assert sorted(fetcher.market.asked) == [
        (pair, frame) for pair in ("ETHUSD", "XBTUSD") for frame in ("1h", "1m")
    ]
    assert (done.made, done.added["1h"]) == (2, 10)
    told = CertificateFiles(fetcher.folder).of(FRAMES[2])["XBTUSD"].differences
    assert {(each.field, each.kept, each.origin) for each in told} == {
        ("high", "9999", "made of 1m")
    }


def test_what_is_told_differently_is_kept_as_it_was(fetcher: Fetcher) -> None:
    fetcher.fetch()
    before = fetcher.stored()["15m"]
    fetcher.market = Exchange(now=START + timedelta(hours=13), odd=frozenset({"1m", "15m"}))

    done = fetcher.fetch()

    assert done.differing["15m"] > 0
    after = fetcher.stored()["15m"]
    assert [each[: len(was)] for each, was in zip(after, before, strict=True)] == before


def test_a_pair_that_is_not_told_stops_no_other(fetcher: Fetcher) -> None:
    fetcher.market.breaks_at = 1

    done = fetcher.fetch()

    assert list(done.failures.values()) == ["cut"]
    assert done.added["1m"] == 720
    assert fetcher.fetch().failures == {}


class Killed(BaseException):
    """As a kill: nothing catches it."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("steps", range(1, 9))
def test_his_7_a_kill_at_any_step_fetches_no_page_again(
    fetcher: Fetcher,
    tmp_path: Path,
    steps: int,
    after: bool,  # noqa: FBT001 - a table
) -> None:
    left = [steps]

    def fuse(act: Callable[..., Any]) -> Callable[..., Any]:
        def step(*told: Any) -> Any:  # noqa: ANN401 - whatever the step takes
            left[0] -= 1
            if left[0] <= 0 and not after:
                raise Killed
            done = act(*told)
            if left[0] <= 0:
                raise Killed
            return done

        return step

    desk = fetcher.desk
    doomed = replace(
        desk,
        bars=overriding(desk.bars, compare_all=fuse(desk.bars.compare_all)),
        certificates=overriding(desk.certificates, extend=fuse(desk.certificates.extend)),
        pages=overriding(desk.pages, note=fuse(desk.pages.note)),
    )
    with pytest.raises(Killed):
        fetch_tails(doomed, fetcher.plan().pairs, now=START)
    whole = Fetcher(tmp_path / "whole")
    whole.fetch()

    fetcher.fetch()

    assert fetcher.stored() == whole.stored()
    # what was under way when it died is asked again, as its answer died too
    again = len(fetcher.market.asked) - len(set(fetcher.market.asked))
    assert again <= (0 if after else len(PAIRS))
    assert PageFile(fetcher.folder).noted() == ()


@pytest.mark.parametrize(("calls", "pairs"), [(2, 0), (3, 1), (5, 1), (6, 2), (600, 2)])
def test_of_a_plan_so_many_pairs_are_fetched_as_fit_into_the_calls(
    fetcher: Fetcher, calls: int, pairs: int
) -> None:
    assert within(fetcher.plan().pairs, calls) == fetcher.plan().pairs[:pairs]
