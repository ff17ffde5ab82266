"""Safety cases A8, C3 and C4: what the public stream tells, and what it keeps to itself."""

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.bars.closing import MINUTE
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline_tests.builders import intent
from kraken_pipeline_tests.market_day import QUIET_MINUTES, START, Compared, MarketDay, market_day

PAIRS, MINUTES, HARSH = 4, 15, 12.0
"""Of a quarter of an hour and four pairs, as much as of a bad day and hundreds."""
ALL = MINUTES + QUIET_MINUTES - 1
"""Minutes that were closed by the end."""


def lived(day: MarketDay) -> Compared:
    """Live through it until all is quiet, and compare every bar."""
    day.run(MINUTES, pause=40)
    day.run(QUIET_MINUTES, pause=120, is_rough=False)
    end = START + timedelta(minutes=ALL)
    return sum((day.compared(each, START, end) for each in TIMEFRAMES.values()), Compared())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_u_his_3_after_a_while_of_faults_every_candle_is_the_exchange_s_own(
    tmp_path: Path, seed: int
) -> None:
    """U-HIS-3, U-STR-1b, U-STR-2, U-STR-4, F-EVT-5, F-EVT-6: whatever goes wrong on the way.

    Lost, doubled and swapped frames, wrong checksums, mute subscriptions, silent sockets, cuts,
    refused connections, maintenance, late trades, and a REST that does not answer meanwhile.
    """
    with market_day(tmp_path, symbols=PAIRS, seed=seed, share=HARSH) as day:
        found = lived(day)

    assert found == Compared(same=PAIRS * (ALL + ALL // 5 + ALL // 15))
    assert len(day.late) == ALL
    assert day.judge.judged.stale == []
    assert 0 < day.judge.judged.allowed < day.judge.judged.asked
    assert day.incidents.frames


def test_u_his_3_a_listener_that_is_killed_again_and_again_leaves_no_wrong_candle(
    tmp_path: Path,
) -> None:
    """U-HIS-3, U-STR-3: what it knew and owed is gone with it, and found again by the next."""
    with market_day(tmp_path, symbols=PAIRS, seed=2, share=HARSH) as day:
        for seconds in (0, 3, 45, 150):
            day.run(4, pause=1e9)
            day.restart(seconds=seconds)
        day.run(QUIET_MINUTES, pause=60, is_rough=False)
        found = day.compared(MINUTE, START, day.line.now() - MINUTE.length)
        found += day.compared(TIMEFRAMES["5m"], START, day.line.now() - MINUTE.length)

    assert (found.missing, found.differing) == (0, 0)
    assert found.same > PAIRS * 30
    assert day.judge.judged.stale == []


def test_the_same_seed_is_the_same_day(tmp_path: Path) -> None:
    told = []
    for name in ("one", "other"):
        with market_day(tmp_path / name, symbols=2, seed=5, share=HARSH) as day:
            day.run(6, pause=20)
        told.append((day.late, day.judge.judged, day.incidents.struck, day.line.losses))

    assert told[0] == told[1]


CHANNELS = ("book", "ticker", "trade", "ohlc")
LIVELY = "AAVEUSD"
"""One of the first four pairs, which trades every few seconds."""


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[MarketDay]:
    """A market of four pairs that was heard for a while, and nothing went wrong."""
    with market_day(tmp_path, symbols=4, share=0.0) as day:
        day.run(4, pause=1e9)
        assert codes(day) == dict.fromkeys(day.symbols, ())
        yield day


def codes(day: MarketDay, side: Side = Side.BUY) -> dict[str, tuple[str, ...]]:
    """Return with which codes each pair is denied now."""
    answers = day.judge.answers(day.line.now(), intent=intent(side=side))
    return {name: found for name, (_, found) in answers.items()}


def mute(day: MarketDay, name: str, *channels: str) -> None:
    for each in channels:
        day.line.obstacles.mute(each, day.symbols[name], until=math.inf)


def live(day: MarketDay, seconds: int) -> dict[str, set[str]]:
    """Let seconds pass, and return each code that each pair was denied with in them."""
    denied: dict[str, set[str]] = {name: set() for name in day.symbols}
    for _ in range(seconds):
        day.line.step(1.0)
        day.truth.looked(day.line.now())
        for name, (_, found) in day.judge.ask(day.line.now(), is_outage=False).items():
            denied[name] |= set(found)
    assert day.judge.judged.stale == []
    return denied


def test_f_evt_5_a_pair_that_fell_mute_opens_nothing_until_it_is_asked_for_anew(
    calm: MarketDay,
) -> None:
    """U-STR-1b: heartbeats and other pairs go on."""
    mute(calm, LIVELY, *CHANNELS)

    denied = live(calm, 25)
    calm.line.steps(300)

    assert denied.pop(LIVELY) & {"DATA_STALE_SUB", "DATA_CONTENT"}
    assert set() in denied.values()
    assert codes(calm)[LIVELY] == ()


def test_f_evt_5_what_is_held_of_a_pair_that_fell_mute_may_be_sold_at_rest_s_price(
    calm: MarketDay,
) -> None:
    mute(calm, LIVELY, *CHANNELS)
    while not codes(calm)[LIVELY]:
        calm.line.step(1.0)

    quote, found = calm.judge.answers(calm.line.now(), intent=intent(side=Side.SELL))[LIVELY]

    assert found == ()
    assert quote is not None
    assert quote.source == "rest"


def test_f_evt_5_heartbeats_alone_are_no_market(calm: MarketDay) -> None:
    for name in calm.symbols:
        mute(calm, name, *CHANNELS)

    denied = live(calm, 25)

    assert not calm.line.losses
    assert denied[LIVELY]


def test_f_evt_5_best_prices_that_trades_run_through_are_frozen(calm: MarketDay) -> None:
    mute(calm, LIVELY, "book", "ticker")

    assert "DATA_CONTENT" in live(calm, 25)[LIVELY]


def test_u_str_2_a_socket_that_falls_silent_opens_nothing_after_five_seconds(
    calm: MarketDay,
) -> None:
    """U-STR-1: acknowledged, then nothing at all."""
    calm.line.service.faults.add(Rule(kind=Kind.SILENT_SOCKET))
    calm.line.service.faults.add(Rule(kind=Kind.REFUSED_CONNECTION, subject="stream", times=None))
    while not calm.line.service.faults.log():
        calm.line.step(0.5)

    live(calm, 5)

    assert {found[0] for found in codes(calm).values()} == {"DATA_STALE_SOCKET"}


def test_f_evt_6_a_wrong_checksum_costs_a_moment_and_always_wrong_closes_the_pair(
    calm: MarketDay,
) -> None:
    """U-STR-4: what is wrong is dropped and asked for anew."""
    calm.line.service.faults.add(Rule(kind=Kind.BAD_CHECKSUM, subject="book"))
    live(calm, 15)
    once = codes(calm)
    calm.line.service.faults.add(Rule(kind=Kind.BAD_CHECKSUM, subject="book", times=None))

    denied = live(calm, 30)

    assert calm.line.feed.checksum_failures()
    assert set(once.values()) == {()}
    assert denied[LIVELY] == {"DATA_CONTENT"}
    assert calm.line.feed.is_untradable(calm.symbols[LIVELY])
