from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.symbols import Asset, PairName
from kraken_pipeline.domain.universe import Judged, Refresh, Universe
from kraken_pipeline.domain.universe_filters import Step, Verdict
from kraken_pipeline.domain.universe_standing import Standing
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


JUDGED = Judged(
    name=PairName(pair="XBTUSD", key="XXBTZUSD", base=Asset("XBT"), quote=Asset("USD")),
    steps=(
        Step(
            name="24 h notional",
            code="LIQUIDITY",
            found="notional_24h=1",
            asked="min=2",
            verdict=Verdict.FAILED,
        ),
    ),
    standing=Standing(fits=True, contrary=1, needed=3),
)


def refresh(**changes: object) -> Refresh:
    """Return a refresh of the usual universe, or of one that differs from it so."""
    return Refresh(
        universe=replace(UNIVERSE, **changes),  # type: ignore[arg-type]  # refused when it runs
        judged={"XBTUSD": JUDGED},
        config_hash="c",
        rules_hash="r",
        source_hash="s",
    )


def test_there_is_no_universe_at_first(universes: SqlUniverseStore) -> None:
    assert universes.latest() is None
    assert universes.refresh() is None
    assert universes.in_force_at(NOW) is None


def test_a_universe_is_read_as_it_was_kept(universes: SqlUniverseStore) -> None:
    universes.keep(refresh())

    assert universes.latest() == UNIVERSE


def test_a_refresh_is_read_as_it_was_kept(universes: SqlUniverseStore) -> None:
    universes.keep(refresh())

    assert universes.refresh() == refresh()


def test_a_version_that_is_there_stays_and_is_seen_later(universes: SqlUniverseStore) -> None:
    universes.keep(refresh())
    universes.keep(refresh(at=NOW + HOUR, notional_24h={}))

    assert universes.latest() == replace(UNIVERSE, at=NOW + HOUR)


def test_a_version_that_comes_back_is_in_force_again(universes: SqlUniverseStore) -> None:
    universes.keep(refresh())
    universes.keep(refresh(version="U2", at=NOW + HOUR, members=()))
    universes.keep(refresh(at=NOW + 2 * HOUR))

    latest = universes.latest()
    assert latest is not None
    assert latest.version == "U1"


@pytest.mark.parametrize(
    ("hours", "version", "read"),
    [(0, "U1", 0), (0.9, "U1", 0), (1, "U2", 1), (1.9, "U2", 1), (2, "U1", 2), (9, "U1", 2)],
)
def test_the_universe_that_was_in_force_at_an_instant_is_found(
    universes: SqlUniverseStore, hours: float, version: str, read: int
) -> None:
    universes.keep(refresh())
    universes.keep(refresh(version="U2", at=NOW + HOUR, members=()))
    universes.keep(refresh(at=NOW + 2 * HOUR))

    found = universes.in_force_at(NOW + hours * HOUR)

    assert found is not None
    assert (found.version, found.at) == (version, NOW + read * HOUR)


def test_what_came_into_force_within_a_stretch_is_found(universes: SqlUniverseStore) -> None:
    universes.keep(refresh())
    for hours, version in ((1, "U2"), (2, "U2"), (3, "U1"), (4, "U3")):
        universes.keep(refresh(version=version, at=NOW + hours * HOUR))

    found = universes.between(NOW, NOW + 3 * HOUR)

    assert [(each.version, each.at) for each in found] == [
        ("U2", NOW + HOUR),
        ("U1", NOW + 3 * HOUR),
    ]


def test_before_the_first_refresh_nothing_was_in_force(universes: SqlUniverseStore) -> None:
    universes.keep(refresh())

    assert universes.in_force_at(NOW - HOUR) is None


def test_the_newest_refresh_of_a_version_is_found(universes: SqlUniverseStore) -> None:
    universes.keep(refresh())
    universes.keep(refresh(version="U2", at=NOW + HOUR))

    found = universes.refresh(version="U1")

    assert found is not None
    assert found.universe.at == NOW
    assert universes.refresh(version="U3") is None


def test_the_version_in_force_is_the_very_same_until_it_is_seen_again(
    universes: SqlUniverseStore,
) -> None:
    universes.keep(refresh())
    first = universes.latest()

    assert universes.latest() is first

    universes.keep(refresh(at=NOW + HOUR))

    assert universes.latest() == replace(UNIVERSE, at=NOW + HOUR)
