"""History: closed bars only, only what is new, and no pair stops another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.errors import UnexpectedReplyError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.services.bars.history import HistoryDesk, Refreshed, refresh
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.candles import START
from kraken_pipeline_tests.services.paper import Paper

HOUR = TIMEFRAMES["1h"]
MINUTE = TIMEFRAMES["1m"]


class Keeper:
    """A desk with a store of its own, and what it asked the market for."""

    def __init__(self, desk: Paper, folder: Path) -> None:
        self.paper = desk
        self.bars = ShelvedBars(folder / "bars")
        self.certificates = CertificateFiles(folder / "bars")
        self.asked: list[tuple[str, datetime | None]] = []
        self.steps: list[tuple[str, int, int]] = []
        self.wrong: Mapping[str, Exception] = {}
        self.changed: Mapping[str, Any] = {}

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        self.asked.append((pair.name, since))
        if pair.name in self.wrong:
            raise self.wrong[pair.name]
        page = self.paper.market.candles(pair, frame, since)
        return replace(page, **self.changed) if pair.name == "XBTUSD" else page

    def refresh(self, frame: Timeframe = HOUR, *names: str) -> Refreshed:
        market = overriding(self.paper.market, candles=self.candles)
        desk = HistoryDesk(
            market=market,
            bars=self.bars,
            certificates=self.certificates,
            progress=lambda *step: self.steps.append(step),
        )
        return refresh(desk, frame, self.pairs(*names), now=self.paper.clock())

    def pairs(self, *names: str) -> Sequence[Pair]:
        listed = self.paper.market.listing().pairs
        return [listed[each] for each in names or sorted(listed)]


@pytest.fixture
def keeper(desk: Paper, tmp_path: Path) -> Keeper:
    return Keeper(desk, tmp_path)


def test_everything_there_is_comes_the_first_time(keeper: Keeper) -> None:
    told = keeper.refresh()

    assert (told.asked, told.added) == (3, 3 * 72)
    assert told.first_opened_at == START - timedelta(days=3)
    assert told.failures == {}
    assert keeper.steps == [("1h", 3, 3)]


def test_a_repeat_asks_nothing_and_changes_nothing(keeper: Keeper) -> None:
    keeper.refresh()
    keeper.asked.clear()

    told = keeper.refresh()

    assert (told.asked, told.added, told.first_opened_at) == (0, 0, None)
    assert keeper.asked == []


def test_only_what_is_new_is_asked_for(keeper: Keeper) -> None:
    keeper.refresh()
    keeper.asked.clear()
    keeper.paper.turn(hours=2, minutes=5)

    told = keeper.refresh()

    assert told.added == 3 * 2
    assert told.first_opened_at == START
    assert sorted(keeper.asked) == [(each, START) for each in ("ETHUSD", "XBTEUR", "XBTUSD")]


def test_a_running_candle_is_never_stored(keeper: Keeper) -> None:
    keeper.paper.turn(seconds=90)
    keeper.refresh(MINUTE)

    newest = keeper.bars.newest(MINUTE)

    assert set(newest.values()) == {START}


def test_a_candle_that_the_exchange_calls_closed_too_early_is_left_out(keeper: Keeper) -> None:
    keeper.paper.turn(minutes=30)
    page = keeper.paper.market.candles(keeper.pairs("XBTUSD")[0], HOUR, None)
    early = int(START.timestamp())
    keeper.changed = {
        name: (*getattr(page, name), early if name == "opened_at" else getattr(page, name)[-1])
        for name in ("opened_at", "open", "high", "low", "close", "volume", "trades")
    }

    told = keeper.refresh(HOUR, "XBTUSD")

    assert told.added == 72
    assert keeper.bars.newest(HOUR)["XBTUSD"] == START - timedelta(hours=1)


def test_a_page_of_only_a_running_candle_adds_nothing(keeper: Keeper) -> None:
    keeper.refresh(HOUR, "XBTUSD")
    keeper.paper.turn(hours=1, minutes=1)
    keeper.changed = {"opened_at": (int((START + timedelta(hours=1)).timestamp()),)}

    told = keeper.refresh(HOUR, "XBTUSD")

    assert (told.added, told.first_opened_at) == (0, None)


@pytest.mark.parametrize(
    "error", [UnreachableError("no route"), UnexpectedReplyError("no candles in it")]
)
def test_a_pair_that_fails_does_not_stop_the_others(keeper: Keeper, error: Exception) -> None:
    keeper.wrong = {"ETHUSD": error}

    told = keeper.refresh()

    assert told.added == 2 * 72
    assert told.failures == {"ETHUSD": str(error)}
    assert set(keeper.bars.newest(HOUR)) == {"XBTUSD", "XBTEUR"}


def test_a_pair_that_failed_is_tried_again(keeper: Keeper) -> None:
    keeper.wrong = {"ETHUSD": UnreachableError("no route")}
    keeper.refresh()
    keeper.wrong = {}

    told = keeper.refresh()

    assert (told.asked, told.added) == (1, 72)


def test_a_page_that_cannot_be_stored_does_not_stop_the_others(keeper: Keeper) -> None:
    page = keeper.paper.market.candles(keeper.pairs("XBTUSD")[0], HOUR, None)
    keeper.changed = {"close": ("nonsense", *page.close[1:])}

    told = keeper.refresh()

    assert told.added == 2 * 72
    assert list(told.failures) == ["XBTUSD"]


def test_where_no_pair_at_all_answers_it_is_an_outage(keeper: Keeper) -> None:
    keeper.wrong = {each.name: UnreachableError("no route") for each in keeper.pairs()}

    with pytest.raises(UnreachableError, match=r"3 pairs.*no route"):
        keeper.refresh()


def test_a_bar_from_elsewhere_does_not_stand_for_those_before_it(keeper: Keeper) -> None:
    newest = keeper.paper.market.candles(
        keeper.pairs("XBTUSD")[0], HOUR, START - timedelta(hours=1)
    )
    keeper.bars.append(HOUR, [newest])

    told = keeper.refresh(HOUR, "XBTUSD")

    assert (told.asked, told.added) == (1, 71)


def test_his_3_the_first_tail_is_certified_and_what_follows_needs_no_note(keeper: Keeper) -> None:
    keeper.refresh()
    before = keeper.certificates.of(HOUR)

    keeper.paper.turn(hours=1)
    keeper.refresh()

    [span] = before["XBTUSD"].spans
    assert (span.source, span.until) == (Source.OHLC, int(START.timestamp()))
    assert span.until - span.first == 720 * HOUR.seconds
    assert keeper.certificates.of(HOUR) == before
