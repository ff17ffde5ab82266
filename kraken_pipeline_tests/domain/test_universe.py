"""Which pairs are in, and for each that is out, every reason."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.universe import FILTERS, Universe, UniverseRules, select
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
    return select({each.name: each for each in pairs}, known, rules=rules, in_use=in_use, at=NOW)


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


def test_every_filter_says_what_it_asks() -> None:
    assert all(each.__doc__ for each in FILTERS)


def test_what_could_not_be_read_is_out_by_name() -> None:
    told = select(
        {}, {}, rules=RULES, in_use=frozenset(), at=NOW, unreadable={"XXBTZUSD": "no tick_size"}
    )

    assert told.reasons == {"XXBTZUSD": (Objection("UNREADABLE", "no tick_size"),)}
    assert told.version != select({}, {}, rules=RULES, in_use=frozenset(), at=NOW).version
