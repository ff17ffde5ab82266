"""The universe: every spelling of a pair, and pairs that leave but are still held."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import Depth
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe import Refresh
from kraken_pipeline.domain.universe_chain import FILTERS
from kraken_pipeline.domain.universe_filters import Verdict
from kraken_pipeline.services.market.universe import pairs_in_use, refresh_universe
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline.store.depths import SqlDepthStore
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.daily import daily
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
        ("base_currency", "NOSUCH", "portfolio.base_currency"),
    ],
)
def test_a_name_that_means_nothing_is_told_with_its_key_and_the_version_in_force_stays(
    desk: Paper, rule: str, value: frozenset[str] | str, key: str
) -> None:
    before = desk.stores.universes.latest()

    with pytest.raises(ConfigurationError, match=f"{key}.*NOSUCH"):
        _names(desk, **{rule: value})

    assert desk.stores.universes.latest() == before


def test_a_base_currency_that_is_called_otherwise_here_is_told_with_our_name(
    desk: Paper,
) -> None:
    with pytest.raises(ConfigurationError, match=r"portfolio.base_currency: 'ZUSD' is USD here"):
        _names(desk, base_currency="ZUSD")


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


def test_a_pair_is_in_use_from_the_order_to_the_booked_position_without_a_gap(desk: Paper) -> None:
    steps: list[Callable[[], object]] = [desk.planned, desk.submit, desk.settle, desk.book]
    seen = []
    for step in steps:
        step()
        seen.append(pairs_in_use(desk.universe_desk()))

    assert seen == [{"XBTUSD"}] * 4


def test_the_same_market_gives_the_same_version(desk: Paper) -> None:
    first = refresh_universe(desk.universe_desk())
    desk.turn(minutes=1)

    assert refresh_universe(desk.universe_desk()).version == first.version


def test_a_name_that_means_nothing_is_told_with_the_nearest(desk: Paper) -> None:
    with pytest.raises(ConfigurationError, match="did you mean XBTUSD"):
        _names(desk, include=frozenset({"XTBUSD"}))


def _kept(desk: Paper, **changes: object) -> Refresh:
    refresh_universe(desk.universe_desk(**changes))
    kept = desk.stores.universes.refresh()
    assert kept is not None
    return kept


def test_a_refresh_is_kept_with_every_answer_and_what_it_stands_on(desk: Paper) -> None:
    kept = _kept(desk)

    assert kept.universe == desk.stores.universes.latest()
    assert (kept.config_hash, len(kept.rules_hash), len(kept.source_hash)) == ("c", 64, 64)
    assert [each.code for each in kept.judged["XBTUSD"].steps] == [each.code for each in FILTERS]
    assert kept.judged["XBTUSD"].objections == ()
    assert [each.code for each in kept.judged["XBTEUR"].objections] == ["QUOTE"]


def _quiet(desk: Paper, *, is_quiet: bool) -> Market:
    """Return the market, or one on which hardly any XBTUSD trades."""
    thin = replace(desk.market.tickers()["XBTUSD"], volume_24h=Decimal("0.001"))
    changed = {"XBTUSD": thin} if is_quiet else {}
    found = overriding(desk.market, tickers=lambda: {**desk.market.tickers(), **changed})
    return cast("Market", found)


def test_a_quiet_pair_leaves_at_the_third_refresh_and_comes_back_at_the_third(
    desk: Paper,
) -> None:
    rules = replace(RULES, refreshes=3)
    _kept(desk, rules=rules)

    seen = [
        "XBTUSD" in _kept(desk, rules=rules, market=_quiet(desk, is_quiet=quiet)).universe.names
        for quiet in (True, True, True, False, False, False)
    ]

    assert seen == [True, True, False, False, False, True]


def test_other_rules_make_nobody_wait(desk: Paper) -> None:
    rules = replace(RULES, refreshes=3)
    _kept(desk, rules=replace(rules, exclude=frozenset({"XBTUSD"})))

    assert "XBTUSD" in _kept(desk, rules=rules).universe.names


def test_a_pair_that_is_not_listed_in_the_country_is_out_and_says_so(desk: Paper) -> None:
    asked = []

    def listed_in(country: str) -> frozenset[str]:
        asked.append(country)
        return frozenset({"XETHZUSD"})

    market = overriding(desk.market, listed_in=listed_in)
    kept = _kept(desk, market=market, rules=replace(RULES, country_code="US:TX"))

    assert (kept.universe.names, asked) == (("ETHUSD",), ["US:TX"])
    assert Objection("COUNTRY", "listed=no, country=US:TX") in kept.universe.reasons["XBTUSD"]


def test_a_pair_is_out_for_its_age_where_daily_bars_show_it(desk: Paper, tmp_path: Path) -> None:
    bars = ShelvedBars(tmp_path / "bars")
    now = desk.clock()
    pages = [daily("ETHUSD", *["1"] * 30, now=now), daily("XBTUSD", *["1"] * 5, now=now)]
    bars.append(timeframe("1d"), pages)

    kept = _kept(desk, bars=bars, rules=replace(RULES, min_age_days=20))

    assert kept.universe.names == ("ETHUSD",)
    assert [each.code for each in kept.universe.reasons["XBTUSD"]] == ["TOO_YOUNG"]


def test_the_least_order_is_weighed_against_what_there_is(desk: Paper) -> None:
    rules = replace(RULES, max_min_order_pct=Decimal("0.000001"))
    kept = _kept(desk, rules=rules)

    assert kept.universe.names == ()
    assert {each.code for each in kept.universe.reasons["XBTUSD"]} == {"LEAST_ORDER"}


def test_the_depth_of_books_is_asked_only_of_pairs_that_all_else_lets_in(desk: Paper) -> None:
    asked = []

    def depth(pair: Pair) -> Depth:
        asked.append(pair.name)
        return desk.market.depth(pair)

    kept = _kept(
        desk,
        market=overriding(desk.market, depth=depth),
        depths=SqlDepthStore(desk.stores.database),
        rules=replace(RULES, min_depth=Decimal(1)),
    )

    assert sorted(asked) == ["ETHUSD", "XBTUSD"]
    assert kept.universe.names == ("ETHUSD", "XBTUSD")
    steps = {each.code: each for each in kept.judged["XBTEUR"].steps}
    assert steps["THIN_BOOK"].verdict is Verdict.SKIPPED


def test_a_book_that_nobody_read_opens_nothing(desk: Paper) -> None:
    kept = _kept(desk, rules=replace(RULES, min_depth=Decimal(1)))

    assert kept.universe.names == ()
    assert kept.universe.reasons["XBTUSD"] == (Objection("THIN_BOOK", "depth=unknown, min=1"),)


def test_of_pairs_that_move_as_one_those_are_in_that_trade_most(
    desk: Paper, tmp_path: Path
) -> None:
    bars = ShelvedBars(tmp_path / "bars")
    closes = ["1", "2"] * 6
    pages = [daily(name, *closes, now=desk.clock()) for name in ("ETHUSD", "XBTUSD")]
    rules = replace(RULES, max_per_cluster=1, cluster_days=10)

    assert _kept(desk, bars=bars, rules=rules).universe.watched != ()
    bars.append(timeframe("1d"), pages)
    desk.turn(minutes=1)
    kept = _kept(desk, bars=bars, rules=rules)

    [leader] = kept.universe.names
    tickers = desk.market.tickers()
    assert leader == max(("ETHUSD", "XBTUSD"), key=lambda name: tickers[name].notional_24h)
    assert [name for name, why in kept.universe.reasons.items() if why[0].code == "CLUSTER"] != []


def test_a_pair_that_lost_too_much_of_late_is_out_until_that_is_past(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()
    rules = replace(RULES, max_loss=Decimal("0.01"), results_days=1)
    codes = []
    for days in (0, 2):
        desk.turn(days=days)
        reasons = _kept(desk, rules=rules).universe.reasons["XBTUSD"]
        codes.append({each.code for each in reasons})

    assert codes[0] == {"LOSING"}
    assert "LOSING" not in codes[1]  # the market of this test is over by then
