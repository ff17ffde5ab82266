"""`strategy list`."""

import json

from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline_tests.cli.conftest import Command


def test_every_strategy_is_listed_with_what_runs_it(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("strategy", "list", "--json", environ=fresh)

    told = {each["strategy"]: each for each in json.loads(said.out)}
    assert set(told) >= set(STRATEGIES)
    assert told["trend_core"] == {
        "strategy": "trend_core",
        "from": "built in",
        "runs_as": "trend_core",
        "version": STRATEGIES["trend_core"].version,
        "timeframes": "1m, 5m, 15m, 1h, 4h, 1d",
        "fault": "",
    }
