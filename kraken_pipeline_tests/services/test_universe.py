"""The universe: every spelling of a pair, and pairs that leave but are still held."""

from dataclasses import replace

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError
from kraken_pipeline.services.universe import pairs_in_use, refresh_universe
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import RULES, Paper

SPELLINGS = ("XBTUSD", "BTCUSD", "BTC/USD", "XBT/USD", "XXBTZUSD")


def _names(desk: Paper, **rules: frozenset[str] | str) -> tuple[str, ...]:
    # `replace` refuses a field that is not there, when it runs
    changed = replace(RULES, **rules)  # type: ignore[arg-type]
    return refresh_universe(desk.universe_desk(rules=changed)).names


def test_the_pairs_of_the_quote_that_trade_enough_are_in(desk: Paper) -> None:
    assert _names(desk) == ("ETHUSD", "XBTUSD")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_pair_is_included_in_any_spelling(desk: Paper, spelling: str) -> None:
    assert _names(desk, include=frozenset({spelling})) == ("XBTUSD",)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_pair_is_excluded_in_any_spelling(desk: Paper, spelling: str) -> None:
    assert _names(desk, exclude=frozenset({spelling})) == ("ETHUSD",)


@pytest.mark.parametrize("quote", ["EUR", "ZEUR"])
def test_the_quote_is_told_in_any_spelling(desk: Paper, quote: str) -> None:
    assert _names(desk, quote=quote) == ("XBTEUR",)


@pytest.mark.parametrize(
    ("rule", "value", "key"),
    [
        ("include", frozenset({"XBTUSD", "NOSUCHUSD"}), "universe.include_pairs"),
        ("exclude", frozenset({"NOSUCHUSD"}), "universe.exclude_pairs"),
        ("quote", "NOSUCH", "region.default_quote"),
    ],
)
def test_a_name_that_means_nothing_is_told_with_its_key_and_the_version_in_force_stays(
    desk: Paper, rule: str, value: frozenset[str] | str, key: str
) -> None:
    before = desk.stores.universes.latest()

    with pytest.raises(ConfigurationError, match=f"{key}.*NOSUCH"):
        _names(desk, **{rule: value})

    assert desk.stores.universes.latest() == before


def test_an_outage_leaves_the_version_in_force(desk: Paper) -> None:
    before = desk.stores.universes.latest()

    def tickers() -> None:
        raise UnreachableError("no route")

    with pytest.raises(UnreachableError):
        refresh_universe(desk.universe_desk(market=overriding(desk.market, tickers=tickers)))

    assert desk.stores.universes.latest() == before


def test_a_pair_with_a_position_is_managed_after_it_left(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()

    universe = refresh_universe(
        desk.universe_desk(rules=replace(RULES, exclude=frozenset({"XBTUSD"})))
    )

    assert universe.names == ("ETHUSD",)
    assert [each.name for each in universe.managed] == ["ETHUSD", "XBTUSD"]


def test_a_pair_with_an_order_that_may_fill_is_in_use_until_it_has_ended(desk: Paper) -> None:
    desk.planned(limit="49500", expires_at=desk.clock())
    assert pairs_in_use(desk.universe_desk()) == {"XBTUSD"}

    desk.turn(minutes=2)
    desk.submit()

    assert pairs_in_use(desk.universe_desk()) == frozenset()


def test_the_same_market_gives_the_same_version(desk: Paper) -> None:
    first = refresh_universe(desk.universe_desk())
    desk.turn(minutes=1)

    assert refresh_universe(desk.universe_desk()).version == first.version
