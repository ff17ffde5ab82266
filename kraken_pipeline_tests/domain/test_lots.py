"""Positions at average cost, held against the same sums in fractions."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.lots import Fill, Position, book_of, booked
from kraken_pipeline.domain.market import Side
from kraken_pipeline_tests.builders import fill

EMPTY = Position(book="trend_core@1h", pair="XBTUSD")
TINY = Fraction(1, 10**12)
FILLS = st.lists(
    st.builds(
        lambda side, qty, price, fee, rate: fill(
            side=side, qty=qty, price=price, cost=qty * price, fee=fee, quote_rate=rate
        ),
        st.sampled_from(Side),
        st.decimals(min_value="0.00001", max_value=1000, places=5),
        st.decimals(min_value="0.01", max_value=90000, places=2),
        st.decimals(min_value=0, max_value=100, places=4),
        st.decimals(min_value="0.5", max_value=2, places=4),
    ),
    max_size=20,
)


@dataclass
class Oracle:
    """The same rules, written again in exact fractions."""

    qty: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    uncosted: Fraction = Fraction(0)
    seen: list[Fill] = field(default_factory=list)

    def take(self, each: Fill) -> None:
        rate = Fraction(each.quote_rate)
        self.realised -= Fraction(each.fee) * rate
        qty, worth = Fraction(each.qty), Fraction(each.cost) * rate
        if each.side is Side.BUY:
            self.qty, self.cost = self.qty + qty, self.cost + worth
            return
        known = min(qty, self.qty)
        if known:
            out = self.cost * known / self.qty
            self.realised += worth * known / qty - out
            self.qty, self.cost = self.qty - known, self.cost - out
        self.uncosted += qty - known


def after(fills: list[Fill]) -> Position:
    position = EMPTY
    for each in fills:
        position = booked(position, each)
    return position


@given(FILLS)
def test_a_position_is_what_exact_fractions_say(fills: list[Fill]) -> None:
    oracle, position = Oracle(), after(fills)
    for each in fills:
        oracle.take(each)

    assert (Fraction(position.qty), Fraction(position.uncosted)) == (oracle.qty, oracle.uncosted)
    assert abs(Fraction(position.cost) - oracle.cost) < TINY
    assert abs(Fraction(position.realised) - oracle.realised) < TINY


@given(FILLS)
def test_nothing_is_held_at_a_cost_that_is_not_held(fills: list[Fill]) -> None:
    position = after(fills)

    assert position.qty >= 0
    assert position.cost >= 0
    assert position.qty or not position.cost


@given(FILLS)
def test_a_round_trip_to_flat_gains_what_came_in_less_what_went_out(fills: list[Fill]) -> None:
    bought = [each for each in fills if each.side is Side.BUY]
    held = after(bought).qty
    if not held:
        return
    last = fill(side=Side.SELL, qty=held, cost=Decimal(1000), fee=Decimal(1))
    spent = sum(Fraction((each.cost + each.fee) * each.quote_rate) for each in bought)

    flat = after([*bought, last])

    assert not flat.qty
    assert not flat.cost
    assert abs(Fraction(flat.realised) - (999 - spent)) < TINY


def test_a_fee_is_a_loss_when_it_is_paid() -> None:
    position = after([fill(fee=Decimal("0.4"), quote_rate=Decimal("1.5"))])

    assert (position.realised, position.fees) == (Decimal("-0.6"), Decimal("0.6"))


def test_what_is_sold_without_a_known_cost_gains_nothing() -> None:
    position = after([fill(side=Side.SELL, fee=Decimal(0))])

    assert not position.realised
    assert position.uncosted == fill().qty


def test_the_average_price_and_the_gain_at_hand_leave_out_fees() -> None:
    position = after(
        [fill(qty=Decimal(2), cost=Decimal(100)), fill(qty=Decimal(2), cost=Decimal(200))]
    )

    assert position.average_price == 75
    assert position.unrealised(Decimal(80)) == 20
    assert EMPTY.average_price == 0


@pytest.mark.parametrize("other", [{"book": "manual"}, {"pair": "ETHUSD"}])
def test_a_fill_of_another_book_or_pair_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError, match="fill T1"):
        booked(EMPTY, fill(**other))


def test_a_book_is_of_one_strategy_on_one_timeframe() -> None:
    assert book_of("trend_core", "1h") == "trend_core@1h"
