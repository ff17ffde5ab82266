"""Which pairs move as one, whatever the order in which they are asked for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import Kin
from kraken_pipeline.services.market.kin import kin_of
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.services.daily import daily
from kraken_pipeline_tests.services.paper import RULES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CLOSES = {
    "BIGUSD": ("100", "110", "99", "120", "118", "130"),
    "TWINUSD": ("10", "11", "9.9", "12", "11.8", "13"),
    "FREEUSD": ("50", "45", "52", "44", "51", "40"),
    "FLATUSD": ("1", "1", "1", "1", "1", "1"),
    "YOUNGUSD": ("5", "6", "5"),
}
NOTIONAL = {name: Decimal(100 - at) for at, name in enumerate(CLOSES)}
THIS = replace(RULES, cluster_days=5)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> ShelvedBars:
    store = ShelvedBars(Path(tmp_path_factory.mktemp("bars")))
    pages = [daily(name, *closes, now=NOW) for name, closes in CLOSES.items()]
    store.append(timeframe("1d"), pages)
    return store


def found(
    bars: ShelvedBars, *pairs: str, notional: Mapping[str, Decimal] = NOTIONAL
) -> dict[str, Kin]:
    return kin_of(bars, pairs, rules=THIS, notional=notional, now=NOW)


def test_the_pair_that_trades_most_leads_those_that_move_with_it(bars: ShelvedBars) -> None:
    kin = found(bars, *CLOSES)

    assert {name: (each.leader, each.rank) for name, each in kin.items()} == {
        "BIGUSD": ("BIGUSD", 1),
        "TWINUSD": ("BIGUSD", 2),
        "FREEUSD": ("FREEUSD", 1),
        "FLATUSD": ("FLATUSD", 1),
    }
    assert kin["TWINUSD"].correlation == 1


def test_who_trades_more_leads(bars: ShelvedBars) -> None:
    kin = found(bars, *CLOSES, notional={"TWINUSD": Decimal(1)})

    assert (kin["TWINUSD"].rank, kin["BIGUSD"].leader) == (1, "TWINUSD")


def test_a_pair_without_a_close_for_each_day_is_compared_with_nobody(
    bars: ShelvedBars,
) -> None:
    assert found(bars, "YOUNGUSD", "NONEUSD") == {}


@given(order=st.permutations(sorted(CLOSES)))
def test_the_order_of_the_pairs_changes_nothing(bars: ShelvedBars, order: list[str]) -> None:
    assert found(bars, *order) == found(bars, *CLOSES)
