from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.store.arrow import texts
from kraken_pipeline.store.bar_amounts import EXACT, NARROW, floats, narrowed, widened, words

EIGHT, TWELVE = NARROW
AMOUNTS = st.one_of(
    st.decimals(min_value=0, max_value=10**9, places=8),
    st.decimals(min_value=0, max_value=10**5, places=12),
    st.decimals(min_value=0, max_value=10**25, places=12),
)


@given(told=st.lists(AMOUNTS, min_size=1, max_size=5))
def test_amounts_are_the_same_to_the_last_digit_in_whichever_type(told: list[Decimal]) -> None:
    exact = texts([format(each, "f") for each in told]).cast(EXACT)

    assert narrowed(exact).to_pylist() == told
    assert widened(narrowed(exact)).equals(exact)
    assert floats(narrowed(exact)).tolist() == floats(exact).tolist()


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (["0.1", "0.00000001"], EIGHT),
        (["9999999999.99999999"], EIGHT),
        (["0.000000000001", "999999.9"], TWELVE),
        (["10000000000"], EXACT),
        (["0.000000000001", "1000000"], EXACT),
        (["0"], EIGHT),
    ],
)
def test_amounts_take_the_narrowest_type_that_holds_all_of_them(
    told: list[str], kind: object
) -> None:
    assert narrowed(texts(told).cast(EXACT)).type == kind


@given(exact=st.decimals(min_value="0.01", max_value=10**6, places=4))
def test_a_price_is_shown_to_strategies_as_the_float_nearest_to_it(exact: Decimal) -> None:
    [shown] = floats(texts([format(exact, "f")]).cast(EXACT))

    assert shown == float(str(exact))


def test_a_slice_has_the_words_of_its_rows() -> None:
    exact = texts(["1", "2", "3"]).cast(EXACT)

    assert words(exact.slice(1, 1)).tolist() == [[2 * 10**12, 0]]
