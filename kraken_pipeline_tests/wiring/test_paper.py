from pathlib import Path

import pytest

from kraken_pipeline.kraken.orders import Recorder, Trader, Validator
from kraken_pipeline.settings import load
from kraken_pipeline.wiring.paper import GATEWAYS, Edge, open_edge
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket

LIVE = """
execution: {mode: live, validate_only: false, allow_live_trading: true,
            paper_tests_completed: true, live_strategy_allowlist: [trend_core]}
risk: {max_per_strategy_pct: {trend_core: 10}}
"""


def edge(market: PaperMarket, *, rehearse: bool = False) -> Edge:
    return open_edge(load(market.environ), rehearse=rehearse)


def test_no_gateway_is_listed_for_live() -> None:
    assert set(GATEWAYS) == {"dry_run", "paper"}


@pytest.mark.parametrize(("mode", "kind"), [("dry_run", Recorder), ("paper", Trader)])
def test_the_mode_says_where_orders_go(market: PaperMarket, mode: str, kind: type) -> None:
    market.configure(f"execution: {{mode: {mode}}}\n")
    opened = edge(market)

    assert type(opened.gateway) is kind
    opened.close()


@pytest.mark.parametrize("text", ["", "execution: {mode: dry_run}\n", LIVE])
def test_a_rehearsal_only_validates_in_every_mode(market: PaperMarket, text: str) -> None:
    market.configure(text)
    opened = edge(market, rehearse=True)

    assert type(opened.gateway) is Validator
    opened.close()


def test_live_is_not_built(market: PaperMarket) -> None:
    market.configure(LIVE)

    with pytest.raises(KeyError, match="live"):
        _ = edge(market).gateway


def test_nothing_is_started_before_it_is_used(tmp_path: Path) -> None:
    environ = {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
    }
    open_edge(load(environ), rehearse=False).close()

    assert not (tmp_path / "data").exists()


def test_the_exchanges_time_is_the_simulators(market: PaperMarket) -> None:
    assert edge(market).clock() == MOMENT
