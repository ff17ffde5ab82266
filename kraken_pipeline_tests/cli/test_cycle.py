from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kraken_pipeline.cli.cycle import (
    _require_equal_books,
    _require_known_fates,
    market_choice,
)
from kraken_pipeline.domain.errors import (
    ConfigurationError,
    ImpossibleFactError,
    OutcomeUnknownError,
)
from kraken_pipeline.domain.orders import State
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.wiring.exchange import MarketChoice
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


def choice(
    *, replay: Path | None = None, at: str | None = None, seed: int | None = None
) -> MarketChoice:
    return market_choice(replay=replay, at=at, seed=seed, port=0)


def test_without_options_it_is_the_first_made_up_market() -> None:
    assert choice() == MarketChoice()


@pytest.mark.parametrize(
    "text",
    ["2024-12-01", "2024-12-01T00:00", "2024-12-01T00:00Z", "2024-12-01T01:00+01:00"],
)
def test_a_beginning_is_understood_as_utc(tmp_path: Path, text: str) -> None:
    begin = choice(replay=tmp_path, at=text).at

    assert begin == datetime(2024, 12, 1, tzinfo=UTC)
    assert begin is not None
    assert begin.tzinfo is UTC
    assert begin.tzinfo != timezone(timedelta(hours=1))


def test_two_markets_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--replay and --seed are two different markets"):
        choice(replay=tmp_path, seed=7)


def test_a_beginning_that_can_not_be_read_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--at is 'yesterday'; write it as 2024-12-01"):
        choice(replay=tmp_path, at="yesterday")


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="which is no folder"):
        choice(replay=tmp_path / "nowhere")


def test_books_that_differ_from_the_exchange_end_a_cycle_in_an_error(
    market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.keep_books()
    _require_equal_books(pipeline)

    told = pipeline.stores.books.latest_snapshot()
    assert told is not None
    drifted = replace(told, drift={"ZUSD": "ledger says 1, balance is 2"})
    pipeline.stores.books.keep_snapshot(drifted, ())

    with pytest.raises(ImpossibleFactError, match="ZUSD: ledger says 1"):
        _require_equal_books(pipeline)


def test_an_order_of_unknown_fate_ends_a_cycle_with_a_code_of_its_own(
    market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline, "ETHUSD")
    _require_known_fates(pipeline)
    market.served.service.faults.add(
        Rule(kind=Kind.LOST_REQUEST, subject="AddOrder", times=1, seconds=0)
    )
    lost = resting_buy(pipeline)

    assert lost.state is State.UNKNOWN
    with pytest.raises(OutcomeUnknownError, match=f"whether {lost.local_id} came to exist"):
        _require_known_fates(pipeline)
