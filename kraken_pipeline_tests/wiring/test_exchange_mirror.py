"""Paper on another exchange's public data, as the configuration names it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Loaded, Settings, load
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings as SimulatorSettings
from kraken_pipeline.simulator.simulation import simulated
from kraken_pipeline.wiring.exchange import (
    SECRET,
    MarketChoice,
    chosen,
    is_paced,
    market_said,
    mirrored,
    running_simulator,
)
from kraken_pipeline.wiring.paper import open_edge


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Served]:
    settings = SimulatorSettings(folder=tmp_path / "upstream", secret=SECRET)
    with simulated(settings) as served:
        yield served


@pytest.fixture
def loaded(tmp_path: Path, upstream: Served) -> Loaded:
    (tmp_path / "config.yaml").write_text(
        f"paper: {{market: kraken, mirror_url: '{upstream.url}'}}\n"
    )
    return load(
        {
            "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path),
            "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
        }
    )


def test_paper_has_a_market_of_its_own_unless_told() -> None:
    assert mirrored(Settings()) is None
    assert not is_paced(Settings())


def test_krakens_prices_are_krakens_and_asked_for_at_its_pace() -> None:
    settings = Settings.model_validate({"paper": {"market": "kraken"}})

    assert mirrored(settings) == "https://api.kraken.com"
    assert is_paced(settings)


def test_a_market_is_named_once(loaded: Loaded, upstream: Served) -> None:
    assert chosen(loaded, MarketChoice(port=5)) == MarketChoice(port=5, mirror=upstream.url)
    with pytest.raises(ConfigurationError, match=r"paper\.market is kraken, and a seed"):
        chosen(loaded, MarketChoice(seed=7))
    elsewhere = replace(loaded, simulator_url="http://127.0.0.1:1")
    assert chosen(elsewhere, MarketChoice()) == MarketChoice()


def test_paper_trades_on_the_mirrored_prices(loaded: Loaded, upstream: Served) -> None:
    """One account through the whole: prices of the other exchange, orders of ours."""
    loaded.data_dir.mkdir()
    edge = open_edge(loaded, rehearse=False)
    try:
        tickers = edge.market.tickers()
        said = market_said(loaded)
        balances = edge.account.balances()
    finally:
        edge.close()

    assert len(tickers) == len(upstream.exchange.market.listing.pairs)
    assert said.startswith(f"public data of {upstream.url}, 0.")
    assert balances
    assert market_said(loaded) == f"no simulator runs now; {upstream.url} once it does"
    made_with = json.loads((loaded.data_dir / "simulator" / "market.json").read_text())
    assert made_with == {"mirror": upstream.url}


def test_whoever_cannot_read_the_configuration_goes_on_with_what_there_is(
    loaded: Loaded, upstream: Served
) -> None:
    choice = chosen(loaded, MarketChoice())
    with running_simulator(loaded.data_dir, choice):
        pass

    with running_simulator(loaded.data_dir, MarketChoice()):
        said = market_said(loaded)

    assert upstream.url in said


def test_a_market_that_cannot_be_reached_is_named_with_what_to_do(loaded: Loaded) -> None:
    choice = MarketChoice(mirror="http://127.0.0.1:9")

    with (
        pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:9 can't be mirrored.*own market"),
        running_simulator(loaded.data_dir, choice),
    ):
        pass
