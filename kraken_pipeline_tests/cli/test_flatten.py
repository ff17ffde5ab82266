import json

import pytest

from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket


@pytest.mark.parametrize(("option", "name"), [("--pair", "ADAUSF"), ("--strategy", "trend")])
def test_a_flatten_of_what_there_is_not_is_no_success(
    command: Command, market: PaperMarket, option: str, name: str
) -> None:
    said = command("flatten", option, name, "--reason", "out", environ=market.environ)

    assert (said.code, said.out) == (2, "")
    assert f"{option} is '{name}'" in said.err


def test_what_was_bought_by_hand_is_kept_and_said(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    bought = {"pair": "SOLUSD", "type": "buy", "ordertype": "market", "volume": "1"}
    pipeline.edge.gateway._line.call("AddOrder", bought, call=Call.WRITE)  # type: ignore[attr-defined]  # of the client

    shown = command("flatten", "--reason", "out", environ=market.environ)
    told = command("flatten", "--reason", "out", "--json", environ=market.environ)
    sold = command("flatten", "--include-manual", "--reason", "out", environ=market.environ)

    assert shown.out == "kept  SOLUSD: 1 bought by hand\nnothing to sell\n"
    assert json.loads(told.out)["kept"] == {"SOLUSD": "1"}
    assert "sold  manual SOLUSD" in sold.out
