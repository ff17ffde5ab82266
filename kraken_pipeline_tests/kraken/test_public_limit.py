from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import RateLimitedError
from kraken_pipeline.kraken.budget import Pace
from kraken_pipeline.kraken.failures import Call, Failure, failure_of, strange_status
from kraken_pipeline.kraken.limits import Lane
from kraken_pipeline.kraken.public_limit import (
    BURST,
    NO_PUBLIC_LIMIT,
    PAIR_BURST,
    SharedPublicLimit,
)
from kraken_pipeline_tests.kraken.test_budget import Turned


def ask(
    limit: SharedPublicLimit, method: str = "Ticker", failure: Failure | None = None, **params: str
) -> None:
    limit.settle(limit.reserve(method, params), failure)


def test_a_few_leave_at_once_and_then_one_a_second_over_all_processes(tmp_path: Path) -> None:
    time = Turned()
    for _ in range(int(BURST)):
        ask(SharedPublicLimit(tmp_path, pace=time.pace))
    assert time.slept == []

    for _ in range(10):
        ask(SharedPublicLimit(tmp_path, pace=time.pace))

    assert sum(time.slept) == pytest.approx(10, abs=0.1)


def test_candles_count_by_pair_as_well(tmp_path: Path) -> None:
    time = Turned()
    limit = SharedPublicLimit(tmp_path, pace=time.pace)
    for _ in range(int(PAIR_BURST)):
        ask(limit, "OHLC", pair="XBTUSD")
    ask(limit, "OHLC", pair="ETHUSD")
    assert time.slept == []

    ask(limit, "OHLC", pair="XBTUSD")

    assert sum(time.slept) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (failure_of(["EGeneral:Too many requests"]), 5),
        (failure_of(["EAPI:Rate limit exceeded"]), 5),
        (strange_status(429, b"", call=Call.READ), 60),
        (strange_status(403, b"captcha", call=Call.READ), 60),
        (strange_status(502, b"", call=Call.READ), 0),
    ],
)
def test_who_was_turned_away_stays_away(tmp_path: Path, failure: Failure, seconds: float) -> None:
    time = Turned()
    limit = SharedPublicLimit(tmp_path, pace=time.pace)
    ask(limit, failure=failure)

    ask(limit)

    assert sum(time.slept) == pytest.approx(seconds, abs=0.01)


def test_a_wait_past_ones_patience_is_refused(tmp_path: Path) -> None:
    pace = Pace(clock=lambda: 0.0, patience={Lane.READ: 0.5})
    limit = SharedPublicLimit(tmp_path, pace=pace)
    for _ in range(int(BURST)):
        ask(limit)

    with pytest.raises(RateLimitedError) as late:
        ask(limit)
    assert late.value.wait is not None


def test_trades_of_the_past_are_asked_once_a_second_by_themselves(tmp_path: Path) -> None:
    time = Turned()
    limit = SharedPublicLimit(tmp_path, pace=time.pace)

    for each in range(12):
        ask(limit, "Trades", pair=f"P{each}")

    assert sum(time.slept) == pytest.approx(10, abs=0.1)


def test_trades_of_the_past_wait_until_a_close_has_its_candles(tmp_path: Path) -> None:
    time = Turned()
    limit = SharedPublicLimit(tmp_path, pace=time.pace)
    for each in range(5):
        ask(limit, "Trades", pair=f"P{each}")
    before = sum(time.slept)

    for pair in ("XBTUSD", "ETHUSD"):
        ask(limit, "OHLC", pair=pair)

    assert sum(time.slept) == before
    ask(limit, "Trades", pair="XBTUSD")
    assert sum(time.slept) - before == pytest.approx(3, abs=0.1)


def test_tails_that_a_person_fetches_wait_until_a_close_has_its_candles(tmp_path: Path) -> None:
    time = Turned()
    limit = SharedPublicLimit(tmp_path, pace=time.pace)
    behind = SharedPublicLimit(tmp_path, pace=time.pace, gives_way=True)
    for each in range(5):
        ask(behind, "OHLC", pair=f"P{each}")
    before = sum(time.slept)

    for pair in ("XBTUSD", "ETHUSD"):
        ask(limit, "OHLC", pair=pair)

    assert sum(time.slept) == before == pytest.approx(3, abs=0.1)
    ask(behind, "OHLC", pair="SOLUSD")
    assert sum(time.slept) - before == pytest.approx(3, abs=0.1)


def test_trades_of_the_past_wait_as_long_as_the_candles_of_all_pairs_take(tmp_path: Path) -> None:
    time = Turned()
    limit = SharedPublicLimit(tmp_path, pace=time.pace)
    for _ in range(int(BURST)):
        ask(limit)
    with limit._state.changed() as (asked, now):
        asked.quiet_until = now + 600

    ask(limit, "Trades", pair="XBTUSD")

    assert sum(time.slept) == pytest.approx(600, abs=1)


def test_on_this_machine_nothing_is_counted() -> None:
    for _ in range(1000):
        NO_PUBLIC_LIMIT.settle(NO_PUBLIC_LIMIT.reserve("Ticker", {}), None)
