from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.wiring.clock import simulator_clock
from kraken_pipeline.wiring.exchange import MarketChoice, running_simulator, turn_clock
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket
from kraken_pipeline_tests.programs import left_over, taken_port


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/_sim/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_one_that_somebody_else_started_is_used_and_left_alone(
    market: PaperMarket, tmp_path: Path
) -> None:
    with running_simulator(tmp_path / "mine", MarketChoice(), given=market.served.url) as url:
        assert url == market.served.url

    assert answers(url)
    assert not (tmp_path / "mine").exists()


def test_a_clock_that_stands_is_turned(market: PaperMarket) -> None:
    turn_clock(market.served.url, MOMENT + timedelta(hours=1))

    assert simulator_clock(market.served.url)() == MOMENT + timedelta(hours=1)


@pytest.mark.slow
def test_one_runs_for_a_folder_whoever_asks_and_ends_with_who_started_it(tmp_path: Path) -> None:
    with running_simulator(tmp_path, MarketChoice()) as first:
        with running_simulator(tmp_path, MarketChoice()) as second:
            assert second == first
        assert answers(first)

    assert not answers(first)
    assert left_over(tmp_path) == []


@pytest.mark.slow
def test_an_address_that_belongs_to_another_folder_by_now_is_not_used(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    with running_simulator(other, MarketChoice()) as theirs:
        mine.mkdir()
        (mine / "simulator.url").write_text(theirs)

        with running_simulator(mine, MarketChoice()) as ours:
            assert ours != theirs


@pytest.mark.slow
def test_one_that_can_not_start_says_why(tmp_path: Path) -> None:
    with taken_port() as port, ExitStack() as stack:
        starting = running_simulator(tmp_path, MarketChoice(port=port))
        with pytest.raises(ConfigurationError, match="is in use"):
            stack.enter_context(starting)

    assert not (tmp_path / "simulator.url").exists()
