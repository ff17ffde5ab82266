from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.universes import SqlUniverseStore
from kraken_pipeline_tests.store.builders import HOUR, NOW

XBT = Pair(
    name="XBTUSD",
    key="XXBTZUSD",
    base=Asset("XBT"),
    quote=Asset("USD"),
    asset_class="currency",
    status="online",
    tick=Decimal("0.1"),
    lot=Decimal("0.00000001"),
    min_qty=Decimal("0.00005"),
    min_cost=Decimal("0.5"),
)
UNIVERSE = Universe(
    version="U1",
    at=NOW,
    members=(XBT,),
    leaving=(replace(XBT, name="XDGUSD"),),
    notional_24h={"XBTUSD": Decimal("123456789.12")},
    reasons={"ETHUSD": (Objection("STATUS", "a=1"), Objection("QUOTE", "b=2"))},
)


@pytest.fixture
def universes(database: Database) -> SqlUniverseStore:
    return SqlUniverseStore(database)


def test_there_is_no_universe_at_first(universes: SqlUniverseStore) -> None:
    assert universes.latest() is None


def test_a_universe_is_read_as_it_was_kept(universes: SqlUniverseStore) -> None:
    universes.keep(UNIVERSE, config_hash="c")

    assert universes.latest() == UNIVERSE


def test_a_version_that_is_there_stays_and_is_seen_later(universes: SqlUniverseStore) -> None:
    universes.keep(UNIVERSE, config_hash="c")
    universes.keep(replace(UNIVERSE, at=NOW + HOUR, notional_24h={}), config_hash="c")

    assert universes.latest() == replace(UNIVERSE, at=NOW + HOUR)


def test_a_version_that_comes_back_is_in_force_again(universes: SqlUniverseStore) -> None:
    other = replace(UNIVERSE, version="U2", at=NOW + HOUR, members=())
    universes.keep(UNIVERSE, config_hash="c")
    universes.keep(other, config_hash="c")
    universes.keep(replace(UNIVERSE, at=NOW + 2 * HOUR), config_hash="c")

    latest = universes.latest()
    assert latest is not None
    assert latest.version == "U1"
