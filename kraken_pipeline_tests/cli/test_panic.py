"""`panic` as a person runs it."""

from pathlib import Path

import pytest

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.wiring.exchange import KEY, SECRET
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


@pytest.mark.slow
def test_panic_cancels_latches_and_stays_until_resume(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)

    said = command("panic", environ=market.environ)

    assert said.code == 0
    assert said.err.startswith("stopping new orders and canceling all")
    assert "Canceled: 1" in said.out
    assert "open in our books: 0" in said.out
    assert market.open_orders == []
    assert pipeline.panic_file.exists()
    assert [each.kind for each in pipeline.halts()] == [HaltKind.PANIC]
    resumed = command("resume", "--reason", "looked at", environ=market.environ)
    assert resumed.out == "cleared 1 halt; the panic file is gone\n"
    assert not pipeline.panic_file.exists()


def test_panic_cancels_whatever_is_wrong_with_the_configuration(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)
    market.configure("riskk: {}\n")

    said = command("panic", environ=market.environ)

    assert market.open_orders == []
    assert pipeline.panic_file.exists()
    assert (said.code, "riskk" in said.out) == (0, True)


def test_a_panic_that_could_not_latch_does_not_say_that_opening_is_stopped(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    said = command("panic", environ={"KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "file" / "data")})

    assert said.code == 5
    assert "NOT latched" in said.out
    assert "opening is NOT stopped" in said.out
    assert "opening stays stopped" not in said.out


def test_f_pan_1_panic_needs_nothing_but_a_key_and_an_address(
    command: Command, market: PaperMarket, pipeline: Pipeline, tmp_path: Path
) -> None:
    resting_buy(pipeline)
    elsewhere = {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path / "none"),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "empty"),
        "KRAKEN_API_KEY": KEY,
        "KRAKEN_API_SECRET": SECRET,
    }

    said = command("panic", "--url", market.served.url, environ=elsewhere)

    assert market.open_orders == []
    assert "Canceled: 1" in said.out
    assert (tmp_path / "empty" / "panic.latch").exists()
