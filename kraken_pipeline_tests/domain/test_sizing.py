"""From a wish to a qty: sized by the stop, clamped by every cap, on the lot."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Target, Unit
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.risk import Case
from kraken_pipeline.domain.risk.caps import CAP_RULES, Adds, bounds, rooms
from kraken_pipeline.domain.sizing import clamp, minimum_qty, qty_for, target_qty, wanted_notional
from kraken_pipeline_tests.builders import case, exposure, intent, limits, pair

AMOUNTS = st.decimals(min_value=0, max_value="1e7", places=4)
PRICES = st.decimals(min_value="0.000001", max_value="200000", places=6).filter(bool)
RATES = st.decimals(min_value="0.001", max_value=2, places=8).filter(bool)
LOTS = st.sampled_from(["1e-8", "1e-5", "0.001", "0.25", "1", "100"]).map(Decimal)
ROOMS = st.dictionaries(
    st.sampled_from(["CAP_PAIR", "CAP_ASSET", "CAP_GROSS", "FUNDS"]),
    st.decimals(min_value=-1000, max_value=1000, places=4),
)
SHARES = st.decimals(min_value=0, max_value=1, places=3)
CAPS = ("asset", "strategy", "gross", "stop_risk")


@st.composite
def crowded(draw: st.DrawFn) -> Case:
    """Draw a buy under caps that are each filled to some share, so that any may be the tightest."""
    equity = draw(st.decimals(min_value=1000, max_value="1e6", places=4))
    percent = {each: draw(st.decimals(min_value=1, max_value=100, places=2)) for each in CAPS}
    filled = {each: equity * percent[each] * draw(SHARES) / 100 for each in CAPS}
    absolute = draw(st.none() | st.decimals(min_value=100, max_value="1e6", places=2))
    on_pair = draw(SHARES) * (absolute or 0)
    return case(
        intent=intent(stop_distance=draw(st.sampled_from(["0.003", "0.07", "0.9"]).map(Decimal))),
        equity=equity,
        notional_24h=draw(st.decimals(min_value=1000, max_value="1e9", places=2)),
        fee_share=draw(st.decimals(min_value=0, max_value="0.02", places=4)),
        exposure=exposure(pair=on_pair, **filled),
        limits=limits(
            max_risk_per_trade_pct=draw(st.decimals(min_value="0.01", max_value=5, places=2)),
            max_per_asset_pct=percent["asset"],
            max_per_strategy_pct=percent["strategy"],
            max_gross_exposure_pct=percent["gross"],
            max_portfolio_stop_risk_pct=percent["stop_risk"],
            max_pair_notional=absolute,
            max_total_notional=draw(st.none() | st.just(filled["gross"] + (absolute or 0))),
        ),
        limit_price=Price(draw(PRICES)),
        quote_rate=draw(RATES),
    )


CLAMPABLE = tuple(each for each in CAP_RULES if each.adds < Adds.ONE)


def test_a_hit_stop_loses_the_share_of_equity_that_a_trade_may() -> None:
    notional = wanted_notional(
        equity=Decimal(10_000),
        risk_pct=Decimal(1),
        stop_distance=Decimal("0.05"),
        confidence=Decimal(1),
    )

    assert notional == 2000
    assert notional * Decimal("0.05") == 100


def test_half_the_confidence_wants_half() -> None:
    whole, half = (
        wanted_notional(
            equity=Decimal(10_000),
            risk_pct=Decimal(1),
            stop_distance=Decimal("0.05"),
            confidence=Decimal(each),
        )
        for each in ("1", "0.5")
    )

    assert half == whole / 2


@pytest.mark.parametrize("stop", ["0", "-0.1"])
def test_without_a_stop_there_is_no_size(stop: str) -> None:
    with pytest.raises(InvalidValueError, match="stop_distance must be above zero"):
        wanted_notional(
            equity=Decimal(1),
            risk_pct=Decimal(1),
            stop_distance=Decimal(stop),
            confidence=Decimal(1),
        )


@given(wanted=AMOUNTS, left=ROOMS)
def test_p_9_a_clamp_never_raises_a_size_and_never_turns_it_round(
    wanted: Decimal, left: dict[str, Decimal]
) -> None:
    sized = clamp(wanted, left)

    assert 0 <= sized.notional <= wanted
    assert all(sized.notional <= max(each, Decimal(0)) for each in left.values())


@given(wanted=AMOUNTS, left=ROOMS)
def test_p_9_clamping_twice_is_clamping_once(wanted: Decimal, left: dict[str, Decimal]) -> None:
    once = clamp(wanted, left).notional

    assert clamp(once, left).notional == once


@given(wanted=AMOUNTS, left=ROOMS)
def test_the_caps_that_bound_are_named_tightest_first(
    wanted: Decimal, left: dict[str, Decimal]
) -> None:
    named = clamp(wanted, left).clamped_by

    assert set(named) == {code for code, room in left.items() if room < wanted}
    assert [left[code] for code in named] == sorted(left[code] for code in named)


@given(notional=AMOUNTS, price=PRICES, rate=RATES, lot=LOTS)
def test_a_qty_is_the_most_lots_that_the_notional_pays(
    notional: Decimal, price: Decimal, rate: Decimal, lot: Decimal
) -> None:
    qty = qty_for(notional, price=Price(price), quote_rate=rate, lot=lot)
    one = Fraction(price) * Fraction(rate)

    assert qty % lot == 0
    assert Fraction(qty) * one <= Fraction(notional) < (Fraction(qty) + Fraction(lot)) * one


@given(price=PRICES, rate=RATES, lot=LOTS, least=AMOUNTS)
def test_the_minimum_is_the_fewest_lots_that_meet_every_minimum(
    price: Decimal, rate: Decimal, lot: Decimal, least: Decimal
) -> None:
    listed = pair(lot=lot)
    qty = minimum_qty(listed, price=Price(price), quote_rate=rate, min_notional=least)

    def enough(lots: Fraction) -> bool:
        cost = lots * Fraction(price)
        return (
            lots >= Fraction(listed.min_qty)
            and cost >= Fraction(listed.min_cost)
            and cost * Fraction(rate) >= Fraction(least)
        )

    assert qty % lot == 0
    assert enough(Fraction(qty))
    assert not enough(Fraction(qty) - Fraction(lot))


@pytest.mark.parametrize(("price", "rate"), [("0", "1"), ("1", "0"), ("-1", "1")])
def test_without_a_price_there_is_no_qty(price: str, rate: str) -> None:
    with pytest.raises(InvalidValueError, match="must be above zero"):
        qty_for(
            Decimal(1), price=Price(Decimal(price)), quote_rate=Decimal(rate), lot=Decimal("0.1")
        )


@given(told=crowded(), lot=LOTS)
def test_a_size_that_is_clamped_to_the_rooms_passes_every_cap(told: Case, lot: Decimal) -> None:
    most = clamp(Decimal("1e12"), rooms(told, bounds(told))).notional
    qty = qty_for(most, price=told.limit_price, quote_rate=told.quote_rate, lot=lot)

    assert [found for rule in CLAMPABLE if (found := rule(replace(told, qty=qty)))] == []


@given(told=crowded())
def test_a_thousandth_more_than_the_tightest_room_is_denied_by_that_cap(told: Case) -> None:
    sized = clamp(Decimal("1e12"), rooms(told, bounds(told)))
    more = sized.notional * Decimal("1.001") + Decimal("0.001")
    qty = Qty(more / (told.limit_price * told.quote_rate))

    denied = [found.code for rule in CLAMPABLE if (found := rule(replace(told, qty=qty)))]

    assert sized.clamped_by[0] in denied


def test_every_cap_that_can_be_met_by_a_smaller_size_has_a_room() -> None:
    told = limits(max_pair_notional=Decimal(1), max_total_notional=Decimal(1))
    broke = case(
        limits=told,
        equity=Decimal(0),
        notional_24h=Decimal(0),
        usual_notional=Decimal(0),
        spendable=Decimal(0),
        exposure=exposure(pair=Decimal(1), gross=Decimal(1)),
    )
    assert {found.code for rule in CLAMPABLE if (found := rule(broke))} == set(
        rooms(broke, bounds(broke))
    )


@pytest.mark.parametrize(
    ("unit", "amount", "qty"),
    [(Unit.QTY, "0.3", "0.3"), (Unit.NOTIONAL, "1100", "0.02"), (Unit.WEIGHT, "0.11", "0.02")],
)
def test_a_target_comes_to_so_many_base_units(unit: Unit, amount: str, qty: str) -> None:
    target = Target(unit=unit, amount=Decimal(amount))

    found = target_qty(
        target, price=Price(Decimal(50_000)), quote_rate=Decimal("1.1"), equity=Decimal(10_000)
    )

    assert found == Decimal(qty)


@pytest.mark.parametrize(
    ("unit", "price", "rate", "equity"),
    [(Unit.NOTIONAL, 0, 1, 1), (Unit.NOTIONAL, 1, 0, 1), (Unit.WEIGHT, 1, 1, 0)],
)
def test_rsk_6_a_target_has_no_size_where_a_number_is_missing(
    unit: Unit, price: int, rate: int, equity: int
) -> None:
    target = Target(unit=unit, amount=Decimal("0.5"))

    with pytest.raises(InvalidValueError):
        target_qty(
            target,
            price=Price(Decimal(price)),
            quote_rate=Decimal(rate),
            equity=Decimal(equity),
        )
