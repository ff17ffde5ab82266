"""What stays of a day: how it began, its highest and lowest, its last, and the peak of all."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.nav_days import NavDay, Reading, day_after, fall
from kraken_pipeline_tests.builders import NOW

PRICES = st.decimals(min_value="0.01", max_value="100", places=4)


def read(
    price: str | Decimal, *, hours: float = 0, flows: int = 0, is_sure: bool = True
) -> Reading:
    return Reading(
        at=NOW + timedelta(hours=hours),
        unit_price=Decimal(price),
        equity=Decimal(1000),
        exposure=Decimal(400),
        flows=Decimal(flows),
        is_sure=is_sure,
    )


def after(*readings: Reading) -> NavDay:
    day = None
    for each in readings:
        day = day_after(day, each)
    assert day is not None
    return day


def prices(day: NavDay) -> str:
    """Write the prices of a day: first, highest, lowest, last, and the peak of all days."""
    told = (
        day.first_unit_price,
        day.highest_unit_price,
        day.lowest_unit_price,
        day.last_unit_price,
        day.peak_unit_price,
    )
    return " ".join(str(each) for each in told)


def test_the_first_of_all_days_begins_with_its_first_price() -> None:
    day = after(read("2"))

    assert day.day == NOW.date()
    assert {day.first_unit_price, day.highest_unit_price, day.lowest_unit_price} == {2}
    assert day.last_unit_price == day.peak_unit_price == 2
    assert day.last_at == NOW


def test_a_day_keeps_its_highest_lowest_and_last() -> None:
    day = after(*(read(price, hours=hour / 9) for hour, price in enumerate(["2", "3", "1", "1.5"])))

    assert prices(day) == "2 3 1 1.5 3"


def test_a_day_begins_where_yesterday_ended() -> None:
    day = after(read("2"), read("1", hours=24))

    assert prices(day) == "2 2 1 1 2"
    assert fall(day.first_unit_price, day.last_unit_price) == Decimal("0.5")


def test_after_a_day_of_which_nothing_is_known_a_day_begins_with_its_own_first() -> None:
    day = after(read("2"), read("1", hours=48))

    assert prices(day) == "1 1 1 1 2"


def test_flows_add_up_within_a_day_and_begin_anew_with_the_next() -> None:
    first = after(read("1", flows=500), read("1", flows=-200))
    second = day_after(first, read("1", hours=24, flows=7))

    assert first.flows == 300
    assert second.flows == 7


def test_what_is_not_sure_is_neither_a_high_nor_a_low() -> None:
    day = after(read("2"), read("9", is_sure=False), read("1", is_sure=False))

    assert prices(day) == "2 2 2 1 2"


@given(some=st.lists(PRICES, min_size=1, max_size=30))
def test_the_peak_of_all_days_is_the_highest_price_that_was(some: list[Decimal]) -> None:
    day = after(*(read(price, hours=7 * turn) for turn, price in enumerate(some)))

    assert day.peak_unit_price == max(some)
    assert 0 <= fall(day.peak_unit_price, day.last_unit_price) < 1
