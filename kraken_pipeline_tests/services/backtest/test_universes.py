from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest import History, Result, Run
from kraken_pipeline.services.backtest.kept import KeptBooks
from kraken_pipeline.services.backtest.kept_halts import KeptHalts
from kraken_pipeline.services.backtest.kept_orders import KeptOrders
from kraken_pipeline.services.backtest.universes import Universes, managed_within, pairs_of
from kraken_pipeline.strategies.base import COLUMNS, Bars
from kraken_pipeline.wiring.run_universes import listing_of
from kraken_pipeline_tests.services.backtest.runs import (
    BEGUN,
    HOUR,
    Nothing,
    asked,
    flat,
    listed,
    rules,
    scripted,
    universe_of,
)

ETH = replace(listed("ETHUSD"), key="XETHZUSD", base=Asset("ETH"))
XBT = listed("XBTUSD")
BOTH = universe_of(ETH, XBT)
LATER = universe_of(XBT, at=BEGUN + 6 * HOUR)
"""ETHUSD has left."""


def two() -> Bars:
    """Return bars of two pairs that stand still."""
    one = flat(*[100.0] * 14)
    columns = {name: np.hstack([one.column(name)] * 2) for name in COLUMNS}
    return Bars(frame=one.frame, pairs=("ETHUSD", "XBTUSD"), opened_at=one.opened_at, **columns)


def ran(*universes: Universe, **script: Action) -> Result:
    strategy = scripted({int(bar[1:]): action for bar, action in script.items()})
    held = rules(universes=universes, listing=listing_of(pairs_of(universes)))
    wanted = asked(strategy, until=BEGUN + 13 * HOUR)
    return Run(wanted, held, History({"1h": two()}), Nothing()).run()


def test_a_pair_is_entered_only_while_it_is_in_the_universe() -> None:
    """UNI-5: a decision sees the universe that was in force at its close."""
    result = ran(BOTH, LATER, h2=Action.ENTER, h4=Action.EXIT, h8=Action.ENTER)

    first, _, last = result.decisions
    assert {each.pair for each in first.intents} == {"ETHUSD", "XBTUSD"}
    assert {each.pair for each in last.intents} == {"XBTUSD"}
    assert (first.universe_version, last.universe_version) == ("uETHUSDXBTUSD", "uXBTUSD")


def test_what_is_held_is_managed_after_its_pair_has_left_and_cannot_be_bought() -> None:
    """UNI-6: positions in a pair that left are closed by their strategy."""
    result = ran(BOTH, LATER, h2=Action.ENTER, h8=Action.EXIT, h10=Action.ENTER)

    entered, left, again = result.decisions
    assert {each.pair for each in left.intents} == {"ETHUSD", "XBTUSD"}
    assert {each.pair for each in again.intents} == {"XBTUSD"}
    assert left.universe_version.startswith("uXBTUSD:")
    assert sum((each.qty for each in result.positions if each.pair == "ETHUSD"), Decimal(0)) == 0
    assert {each.pair for each in entered.intents} == {"ETHUSD", "XBTUSD"}


def test_the_report_names_the_universes_of_the_stretch_and_what_lived_on() -> None:
    then = ran(BOTH, LATER, h2=Action.ENTER)
    since = replace(BOTH, at=BEGUN + 2 * HOUR)

    assert then.universes == ((BEGUN, BOTH.version), (LATER.at, LATER.version))
    assert not then.survivorship
    assert ran(since, LATER, h2=Action.ENTER).survivorship.startswith("no universe of then is kept")


@pytest.mark.parametrize(
    ("hours", "version"),
    [(-9, "uETHUSDXBTUSD"), (5.9, "uETHUSDXBTUSD"), (6, "uXBTUSD"), (99, "uXBTUSD")],
)
def test_a_version_is_in_force_from_its_reading_on(hours: float, version: str) -> None:
    of = Universes((BOTH, LATER), KeptBooks(), KeptOrders(KeptHalts()))

    assert of.at(BEGUN + hours * HOUR).version == version


def test_how_long_each_pair_was_managed_is_known() -> None:
    until = BEGUN + timedelta(days=9)

    found: dict[str, tuple[datetime, datetime]] = managed_within((BOTH, LATER), until)

    assert found == {"ETHUSD": (EPOCH, LATER.at), "XBTUSD": (EPOCH, until)}
