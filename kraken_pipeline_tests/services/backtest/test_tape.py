import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline_tests.services.backtest.runs import BEGUN, bars, flat

START = BEGUN.timestamp()
RISING = (100.0, 110.0, 90.0, 105.0, 5.0)
FALLING = (105.0, 110.0, 90.0, 100.0, 5.0)
PRICES = st.floats(1, 1000, allow_nan=False)


def test_a_bar_that_rises_goes_down_first() -> None:
    tape = Tape(bars(RISING))

    assert [tape.price(0, START + 1200 * each) for each in range(3)] == [100, 90, 110]


def test_a_bar_that_falls_goes_up_first() -> None:
    tape = Tape(bars(FALLING))

    assert [tape.price(0, START + 1200 * each) for each in range(3)] == [105, 110, 90]


def test_where_nothing_traded_the_last_close_stands() -> None:
    tape = Tape(bars(RISING, (), FALLING))

    assert tape.price(0, START + 4000) == 105


def test_before_the_first_bar_there_is_no_price() -> None:
    tape = Tape(bars((), RISING))

    assert tape.price(0, START + 10) is None


def test_a_price_is_reached_within_the_bar_when_the_way_passes_it() -> None:
    tape = Tape(bars(RISING))

    found = tape.reached(0, 95.0, start=START, until=START + 3600, below=True, touch=False)

    assert found == START + 600


def test_what_happened_earlier_in_the_bar_does_not_count() -> None:
    tape = Tape(bars(RISING))

    found = tape.reached(0, 95.0, start=START + 1800, until=START + 3600, below=True, touch=False)

    assert found is None


def test_a_price_that_is_only_touched_is_not_passed() -> None:
    tape = Tape(bars(RISING))

    assert tape.reached(0, 90.0, start=START, until=START + 3600, below=True, touch=False) is None
    assert tape.reached(0, 90.0, start=START, until=START + 3600, below=True, touch=True)


def test_a_price_is_found_however_many_bars_later() -> None:
    tape = Tape(flat(*[100.0] * 500, 80.0))

    found = tape.reached(0, 85.0, start=START, until=START + 3600 * 501, below=True, touch=False)

    assert found == pytest.approx(START + 3600 * 499.75)


def test_what_comes_after_the_end_is_not_told() -> None:
    tape = Tape(flat(100.0, 100.0, 80.0))

    found = tape.reached(0, 90.0, start=START, until=START + 3600, below=True, touch=False)

    assert found is None


def test_a_trailing_stop_falls_behind_the_best_price_since() -> None:
    tape = Tape(flat(100.0, 120.0, 120.0, 100.0))

    found = tape.turned_back(
        0, lambda best: best * 0.9, start=START, until=START + 9 * 3600, rising=False
    )

    assert found == START + 2 * 3600 + 3600 * 12 / 20


def test_a_jump_from_one_bar_to_the_next_takes_no_time() -> None:
    tape = Tape(bars((90, 90, 90, 90, 1), (105, 105, 105, 105, 1)))

    found = tape.turned_back(
        0, lambda best: best * 1.1, start=START, until=START + 9 * 3600, rising=True
    )

    assert found == START + 3600


def test_a_trailing_buy_rises_above_the_best_price_since() -> None:
    tape = Tape(flat(100.0, 80.0, 80.0, 100.0))

    found = tape.turned_back(
        0, lambda best: best * 1.1, start=START, until=START + 9 * 3600, rising=True
    )

    assert found == START + 2 * 3600 + 3600 * 8 / 20


def test_a_day_of_volume_is_that_of_whole_bars() -> None:
    tape = Tape(flat(*[10.0] * 30, volume=2.0))

    assert tape.day_before(0, START + 3600 * 26 + 5) == (48.0, 480.0)


def test_a_small_volume_after_large_ones_loses_no_digit() -> None:
    price = (1.0, 1.0, 1.0, 1.0)

    assert Tape(bars((*price, 1e12), (*price, 0.0001))).volume(0, 1) == 0.0001


def test_the_next_bar_is_one_in_which_something_traded() -> None:
    tape = Tape(bars(RISING, (), FALLING))

    assert tape.next_bar(0, 0) == 2
    assert tape.next_bar(0, 2) is None


@given(opened=PRICES, closed=PRICES, more=st.floats(0, 50), less=st.floats(0, 0.9))
def test_a_bar_goes_no_farther_than_its_ends_and_reaches_both(
    opened: float, closed: float, more: float, less: float
) -> None:
    high, low = max(opened, closed) + more, min(opened, closed) * (1 - less)
    tape = Tape(bars((opened, high, low, closed, 1.0)))

    walked = [tape.price(0, START + 36 * each) or 0.0 for each in range(100)]
    reached = {
        price: tape.reached(0, price, start=START, until=START + 3600, below=below, touch=True)
        for price, below in ((low, True), (high, False))
    }
    assert all(low <= each <= high for each in walked)
    assert None not in reached.values()


def test_the_last_close_stands_where_nothing_traded_and_none_before_the_first() -> None:
    made = Tape(bars((), (1, 2, 1, 2, 5), (), (2, 3, 2, 3, 5)))

    assert made.carried_forward()[:, 0].tolist() == [0, 2, 2, 3]


def test_closes_that_are_all_there_are_not_copied() -> None:
    made = Tape(flat(1.0, 2.0))

    assert made.carried_forward() is made.bars.close
