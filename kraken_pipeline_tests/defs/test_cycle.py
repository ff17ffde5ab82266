import os
import signal
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from kraken_pipeline.defs.cycle import run_cycle
from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, stocked_market


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Dagster's own, in which runs are kept."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    return folder


def test_a_cycle_refreshes_decides_and_trades_and_a_second_changes_nothing(
    market: PaperMarket,
) -> None:
    with market.pipeline() as pipeline:
        assert len(run_cycle(pipeline, pipeline.clock())) == 2
        before = (market.orders, market.rows("SELECT * FROM decisions"))

        assert len(run_cycle(pipeline, pipeline.clock())) == 1

    assert {each.status for each in before[0]} == {"closed"}
    assert len(before[1]) == 6
    assert (market.orders, market.rows("SELECT * FROM decisions")) == before


def test_a_cycle_that_is_interrupted_is_neither_done_nor_failed(market: PaperMarket) -> None:
    def interrupt(name: str, seconds: float, outcome: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with market.pipeline() as quiet, pytest.raises(KeyboardInterrupt):
        run_cycle(replace(quiet, observer=interrupt), MOMENT)


def test_a_step_that_fails_over_the_configuration_says_so(market: PaperMarket) -> None:
    market.configure("  exclude_pairs: [NOPEUSD]\n")
    said = r"universe\.exclude_pairs: 'NOPEUSD'"
    with market.pipeline() as pipeline, pytest.raises(ConfigurationError, match=said):
        run_cycle(pipeline, pipeline.clock())


def test_a_step_that_fails_over_the_exchange_says_so(stocked: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with stocked_market(stocked, tmp_path) as market:
            pipeline = stack.enter_context(market.pipeline())
            assert pipeline.clock() == MOMENT
        with pytest.raises(UnreachableError, match="pair_universe failed in run"):
            run_cycle(pipeline, MOMENT)
