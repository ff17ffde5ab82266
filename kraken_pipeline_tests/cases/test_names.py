"""A6: one asset in many buckets and under many names, some of which it had only once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.reports import Balance
from kraken_pipeline.domain.symbols import BUCKETS
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.market.universe import refresh_universe
from kraken_pipeline.services.risk.world import economic_asset
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import RULES, Paper
from kraken_pipeline_tests.services.renamed import Renamed


def _told(desk: Paper, more: Mapping[str, str]) -> Booked:
    """Keep the books of an account that has these buckets besides."""
    buckets = {name: Balance(total=Decimal(qty), held=Decimal(0)) for name, qty in more.items()}
    account = overriding(desk.account, balances=lambda: {**desk.account.balances(), **buckets})
    return desk.book(account=account)


def _bought(desk: Paper) -> Snapshot:
    desk.planned()
    desk.submit()
    desk.settle()
    return desk.book().snapshot


def _qty_of(snapshot: Snapshot, asset: str) -> Decimal:
    return sum((each.qty for each in snapshot.valuations if each.asset == asset), Decimal(0))


@given(
    parts=st.dictionaries(
        st.sampled_from([f"XBT.{each}" for each in sorted(BUCKETS)] + ["XBT28.S"]),
        st.integers(1, 1000).map(lambda each: str(Decimal(each) / 1000)),
        max_size=5,
    )
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_u_ast_1_every_bucket_is_counted_once_and_as_its_asset(
    desk: Paper, parts: dict[str, str]
) -> None:
    snapshot = _told(desk, parts).snapshot

    assert _qty_of(snapshot, "XBT") == sum((Decimal(each) for each in parts.values()), Decimal(0))
    assert snapshot.unpriced == ()


@pytest.mark.parametrize("bucket", ["XBT.Q", "XBT.ZZ"])
def test_u_ast_1_a_suffix_that_nobody_knows_is_shown_as_unknown_and_stops_opening(
    desk: Paper, bucket: str
) -> None:
    before = _told(desk, {}).snapshot
    desk.turn(minutes=1)
    after = _told(desk, {bucket: "1"}).snapshot
    desk.wants("XBTUSD")

    assert after.unpriced == (bucket,)
    assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
    codes = {each.code for each in desk.assess()["XBTUSD"].objections}
    assert "NAV_COVERAGE" in codes


def test_u_nam_2_an_old_name_means_the_new_asset_from_its_date_on_and_not_before(
    desk: Paper,
) -> None:
    renamed = Renamed(desk=desk, ratio=Decimal(1))
    today = renamed.alias
    tomorrow = replace(today, since=desk.clock() + timedelta(days=1))
    rules = replace(RULES, include=frozenset({"XBTUSD"}), min_notional_24h=Decimal(0))
    early, due = (
        desk.universe_desk(rules=rules, market=renamed.market(), aliases=(each,))
        for each in (tomorrow, today)
    )

    with pytest.raises(ConfigurationError, match=r"include_pairs: 'XBTUSD' is no pair"):
        refresh_universe(early)
    assert refresh_universe(due).names == ("NEWUSD",)


def test_u_nam_2_what_is_listed_under_a_name_is_what_the_name_means(desk: Paper) -> None:
    alias = replace(
        Renamed(desk=desk, ratio=Decimal(1)).alias, new=desk.market.listing().symbols.asset("ETH")
    )
    rules = replace(RULES, include=frozenset({"XBTUSD"}))

    assert refresh_universe(desk.universe_desk(rules=rules, aliases=(alias,))).names == ("XBTUSD",)


@pytest.mark.parametrize("ratio", ["1", "1000", "0.001"])
def test_f_mon_8_a_rename_with_a_ratio_carries_the_cost_and_changes_no_profit(
    desk: Paper, ratio: str
) -> None:
    """U-NAM-2, INV-5."""
    before = _bought(desk)
    desk.turn(milliseconds=1)
    renamed = Renamed(desk=desk, ratio=Decimal(ratio))
    renamed.book()
    after = desk.stores.books.latest_snapshot()

    assert after is not None
    assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
    assert after.realised == before.realised
    assert after.unrealised == before.unrealised
    assert after.drift == {}
    assert desk.held()["trend@1h", "NEWUSD"] == Decimal("0.01") * Decimal(ratio)


def test_f_mon_8_a_book_that_sells_after_a_rename_sells_its_own(desk: Paper) -> None:
    _bought(desk)
    renamed = Renamed(desk=desk, ratio=Decimal(1000))
    renamed.book()
    refresh_universe(desk.universe_desk(market=renamed.market(), aliases=(renamed.alias,)))
    desk.wants("NEWUSD", side=Side.SELL, decision_price=Decimal(50))

    verdict = desk.assess(market=renamed.market(), account=renamed.account())["NEWUSD"]

    assert (verdict.approved, verdict.qty) == (True, Decimal(10))


def test_u_ast_1_a_bucket_of_a_listed_asset_never_means_another(desk: Paper) -> None:
    listing = desk.market.listing()

    for key, asset in listing.assets.items():
        whole = listing.symbols.asset(key)
        assert economic_asset(listing.symbols, f"{asset.name}.F") == whole
