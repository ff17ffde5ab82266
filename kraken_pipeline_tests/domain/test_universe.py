"""Which pairs are in, and for each that is out, every reason."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.remedies import REMEDIES
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe import (
    Judged,
    Seen,
    Universe,
    judge,
    rules_hash,
    select,
)
from kraken_pipeline.domain.universe_chain import FILTERS
from kraken_pipeline.domain.universe_filters import Past, UniverseRules
from kraken_pipeline.domain.universe_standing import Standing
from kraken_pipeline_tests.builders import NOW, pair, ticker

RULES = UniverseRules(
    quote="USD",
    statuses=frozenset({"online"}),
    asset_class="currency",
    min_notional_24h=Decimal(100_000),
    include=frozenset(),
    exclude=frozenset(),
)
QUIET = ticker(volume_24h=Decimal(1))


def chosen(
    *pairs: Pair,
    tickers: dict[str, Ticker] | None = None,
    in_use: frozenset[str] = frozenset(),
    rules: UniverseRules = RULES,
) -> Universe:
    known = {each.name: ticker() for each in pairs} if tickers is None else tickers
    seen = Seen(pairs={each.name: each for each in pairs}, tickers=known)
    return select(seen, judge(seen, rules=rules, before=None), in_use=in_use, at=NOW)


def codes(universe: Universe, name: str = "XBTUSD") -> list[str]:
    return [each.code for each in universe.reasons.get(name, ())]


def test_a_liquid_online_pair_of_the_quote_is_in() -> None:
    universe = chosen(pair())

    assert universe.names == ("XBTUSD",)
    assert universe.reasons == {}
    assert universe.notional_24h == {"XBTUSD": 100_000_000}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quote": "EUR"}, "QUOTE"),
        ({"status": "cancel_only"}, "STATUS"),
        ({"asset_class": "tokenized_asset"}, "CLASS"),
    ],
)
def test_a_pair_that_fails_one_filter_is_out_for_that_reason(
    change: dict[str, object], code: str
) -> None:
    assert codes(chosen(pair(**change))) == [code]


def test_a_pair_without_a_ticker_is_not_taken_for_liquid() -> None:
    assert codes(chosen(pair(), tickers={})) == ["NO_TICKER"]


def test_a_pair_that_hardly_trades_is_out() -> None:
    assert codes(chosen(pair(), tickers={"XBTUSD": QUIET})) == ["LIQUIDITY"]


def test_every_reason_is_kept() -> None:
    everything = chosen(
        pair(quote="EUR", status="delisted", asset_class="other"),
        tickers={},
        rules=replace(RULES, exclude=frozenset({"XBTUSD"})),
    )

    assert codes(everything) == ["EXCLUDED", "QUOTE", "STATUS", "CLASS", "NO_TICKER"]


def test_an_include_list_lets_in_another_quote_and_leaves_out_the_rest() -> None:
    rules = replace(RULES, include=frozenset({"XBTEUR"}))

    universe = chosen(pair(), pair(name="XBTEUR", quote="EUR"), rules=rules)

    assert universe.names == ("XBTEUR",)
    assert codes(universe) == ["NOT_INCLUDED"]


def test_an_include_list_never_bypasses_liquidity() -> None:
    rules = replace(RULES, include=frozenset({"XBTUSD"}))

    assert codes(chosen(pair(), tickers={"XBTUSD": QUIET}, rules=rules)) == ["LIQUIDITY"]


def test_a_pair_that_is_out_but_in_use_stays_managed() -> None:
    universe = chosen(pair(status="reduce_only"), in_use=frozenset({"XBTUSD", "GONEUSD"}))

    assert universe.names == ()
    assert [each.name for each in universe.managed] == ["XBTUSD"]


def test_a_pair_that_is_in_and_in_use_is_managed_once() -> None:
    universe = chosen(pair(), in_use=frozenset({"XBTUSD"}))

    assert [each.name for each in universe.managed] == ["XBTUSD"]


def test_the_same_choice_has_the_same_version_whatever_the_order() -> None:
    one, other = pair(), pair(name="ETHUSD")

    assert chosen(one, other).version == chosen(other, one).version


def test_another_reading_of_the_market_with_the_same_outcome_is_the_same_version() -> None:
    busier = {"XBTUSD": ticker(volume_24h=Decimal(9000))}

    assert chosen(pair(), tickers=busier).version == chosen(pair()).version


@pytest.mark.parametrize(
    "other",
    [
        chosen(pair(tick=Decimal("0.01"))),
        chosen(pair(status="delisted")),
        chosen(pair(), pair(name="ETHUSD")),
        chosen(pair(), tickers={}),
        chosen(pair(), tickers={}, in_use=frozenset({"XBTUSD"})),
    ],
)
def test_another_choice_or_another_rule_of_a_pair_is_another_version(other: Universe) -> None:
    assert other.version != chosen(pair()).version


def test_a_pair_that_leaves_is_another_version_than_one_that_is_gone() -> None:
    leaving = chosen(pair(), tickers={}, in_use=frozenset({"XBTUSD"}))

    assert leaving.version != chosen(pair(), tickers={}).version


@pytest.mark.parametrize("code", [*(each.code for each in FILTERS), "WAITING", "UNLISTED"])
def test_every_reason_says_what_would_have_to_change(code: str) -> None:
    assert code in REMEDIES


def test_what_could_not_be_read_is_out_by_name() -> None:
    nothing = Seen(pairs={}, tickers={})
    told = select(
        replace(nothing, unreadable={"XXBTZUSD": "no tick_size"}),
        {},
        in_use=frozenset(),
        at=NOW,
    )

    assert told.reasons == {"XXBTZUSD": (Objection("UNREADABLE", "no tick_size"),)}
    assert told.version != select(nothing, {}, in_use=frozenset(), at=NOW).version


@pytest.mark.parametrize("status", ["delisted", "cancel_only", "work_in_progress"])
def test_a_pair_that_is_held_and_may_soon_not_trade_is_told(status: str) -> None:
    universe = chosen(pair(status=status), in_use=frozenset({"XBTUSD"}))

    assert universe.ending == {"XBTUSD": status}


def test_a_pair_that_is_held_and_listed_no_more_is_told() -> None:
    universe = chosen(pair(), in_use=frozenset({"GONEUSD"}))

    assert universe.ending == {"GONEUSD": "not listed"}


def test_a_pair_that_can_be_sold_as_ever_is_not_ending() -> None:
    universe = chosen(pair(status="post_only"), pair(name="ETHUSD"), in_use=frozenset({"XBTUSD"}))

    assert universe.ending == {}


def judged(before: dict[str, Standing] | None, *, volume: int, refreshes: int = 3) -> Judged:
    rules = replace(RULES, refreshes=refreshes)
    tickers = {"XBTUSD": ticker(volume_24h=Decimal(volume))}
    seen = Seen(pairs={"XBTUSD": pair()}, tickers=tickers)
    return judge(seen, rules=rules, before=before)["XBTUSD"]


@given(volumes=st.lists(st.sampled_from([1, 9000]), min_size=2, max_size=40), n=st.integers(1, 5))
def test_a_pair_never_goes_in_and_out_within_the_refreshes_it_takes(
    volumes: list[int], n: int
) -> None:
    before: dict[str, Standing] | None = None
    moved_at: list[int] = []
    was_in = None
    for at, volume in enumerate(volumes):
        now = judged(before, volume=volume, refreshes=n)
        if was_in is not None and was_in is bool(now.objections):
            moved_at.append(at)
            # every one of the last n said what it is now
            assert len({each >= 9000 for each in volumes[at - n + 1 : at + 1]}) == 1
        was_in, before = not now.objections, {"XBTUSD": now.standing}

    assert all(later - sooner >= n for sooner, later in pairwise(moved_at))


def test_a_pair_leaves_at_the_third_refresh_that_it_fails() -> None:
    now = judged(None, volume=9000)
    seen = []
    for _ in range(3):
        now = judged({"XBTUSD": now.standing}, volume=1)
        seen.append([each.code for each in now.objections])

    assert seen == [[], [], ["LIQUIDITY"]]


def test_a_pair_that_is_new_waits_and_says_so() -> None:
    now = judged({}, volume=9000)

    assert now.objections == (Objection("WAITING", "passed=1, needed=3"),)


@pytest.mark.parametrize("away", [{"pair": pair(status="cancel_only")}, {"tickers": {}}])
def test_what_the_exchange_stops_is_out_at_once_and_back_at_once(away: dict[str, object]) -> None:
    in_before = {"XBTUSD": Standing(fits=True)}
    stopped = Seen(
        pairs={"XBTUSD": away.get("pair", pair())},  # type: ignore[dict-item]
        tickers=away.get("tickers", {"XBTUSD": ticker()}),  # type: ignore[arg-type]
    )
    rules = replace(RULES, refreshes=3)

    out = judge(stopped, rules=rules, before=in_before)["XBTUSD"]

    assert out.objections
    assert not judged({"XBTUSD": out.standing}, volume=9000).objections


def test_a_pair_that_nobody_quotes_earns_no_place() -> None:
    rules = replace(RULES, refreshes=1)
    seen = Seen(pairs={"XBTUSD": pair()}, tickers={})

    [first] = judge(seen, rules=rules, before=None).values()

    assert [each.code for each in first.objections] == ["NO_TICKER"]
    assert not first.standing.fits


def test_rules_are_named_by_all_that_they_say() -> None:
    others = [replace(RULES, refreshes=3), replace(RULES, exclude=frozenset({"XBTUSD"}))]

    assert rules_hash(RULES) == rules_hash(replace(RULES))
    assert len({rules_hash(each) for each in [RULES, *others]}) == 3


def test_the_source_is_named_by_what_the_exchange_answered() -> None:
    seen = Seen(pairs={"XBTUSD": pair()}, tickers={"XBTUSD": ticker()})

    assert seen.hash == replace(seen, nav=Decimal(1)).hash
    assert seen.hash != replace(seen, tickers={"XBTUSD": QUIET}).hash
    assert seen.hash != replace(seen, pairs={"XBTUSD": pair(status="delisted")}).hash


def test_another_quote_currency_is_priced_before_the_least_order_is_weighed() -> None:
    euro = pair(name="XBTEUR", quote="EUR", min_cost=Decimal(100))
    rate = pair(name="EURUSD", base=Asset("EUR"), quote="USD")
    dear = ticker(bid=Decimal(2), ask=Decimal(2), last=Decimal(2))
    seen = Seen(
        pairs={"XBTEUR": euro, "EURUSD": rate},
        tickers={"XBTEUR": replace(dear, last=Price(Decimal(1))), "EURUSD": dear},
        nav=Decimal(1000),
    )
    rules = replace(RULES, max_min_order_pct=Decimal(10))
    found = judge(seen, rules=rules, before=None)["XBTEUR"].steps

    assert next(each.found for each in found if each.code == "LEAST_ORDER") == "min_order_pct=20"


def test_a_pair_that_lacks_only_bars_is_watched_until_they_are_there() -> None:
    rules = replace(RULES, min_age_days=30)

    universe = chosen(pair(), pair(name="XBTEUR", quote="EUR"), rules=rules)

    assert (universe.names, codes(universe)) == ((), ["TOO_YOUNG"])
    assert [each.name for each in universe.watched] == ["XBTUSD"]
    assert universe.managed == universe.watched


def test_who_is_watched_belongs_to_the_version() -> None:
    known = {"XBTUSD": Past(days=1, is_all=True, volatility_pct=None)}
    rules = replace(RULES, min_age_days=30)
    unknown, young = (
        Seen(pairs={"XBTUSD": pair()}, tickers={"XBTUSD": ticker()}, past=each)
        for each in ({}, known)
    )
    versions = {
        select(seen, judge(seen, rules=rules, before=None), in_use=frozenset(), at=NOW).version
        for seen in (unknown, young)
    }

    assert len(versions) == 2


def test_what_becomes_unknown_is_out_at_once_and_back_at_once() -> None:
    rules = replace(RULES, max_volatility_pct=Decimal(90), refreshes=3)
    calm = {"XBTUSD": Past(days=90, is_all=True, volatility_pct=Decimal(60))}
    in_and_out = []
    before: dict[str, Standing] | None = None
    for past in (calm, {}, calm):
        seen = Seen(pairs={"XBTUSD": pair()}, tickers={"XBTUSD": ticker()}, past=past)
        now = judge(seen, rules=rules, before=before)
        before = {name: each.standing for name, each in now.items()}
        in_and_out.append(not now["XBTUSD"].objections)

    assert in_and_out == [True, False, True]
