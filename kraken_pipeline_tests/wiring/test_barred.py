"""Whether money is spent depends on where orders go, and on nothing else."""

import pytest

from kraken_pipeline.wiring.barred import barring, spends
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline_tests.live_market import CHECKS, GATES
from kraken_pipeline_tests.paper_market import PaperMarket

LIVE = GATES.lstrip("\n")


@pytest.mark.parametrize(
    ("config", "rehearse", "costs"),
    [(LIVE, False, True), (CHECKS, False, False), (LIVE, True, False)],
)
def test_money_is_spent_where_kraken_places_orders(
    market: PaperMarket, config: str, *, rehearse: bool, costs: bool
) -> None:
    market.configure(config)
    environ = {
        name: value for name, value in market.environ.items() if not name.endswith("SIMULATOR_URL")
    } | {"KRAKEN_PIPELINE_DATA_DIR": str(market.root / "elsewhere")}
    pipeline = connect(market.environ if rehearse else environ, rehearse=rehearse)
    found = spends(pipeline), barring(pipeline)("trend_core")
    pipeline.close()

    assert found[0] is costs
    assert bool(found[1]) is costs
