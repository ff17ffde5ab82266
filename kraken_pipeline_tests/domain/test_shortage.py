from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.shortage import Need, shares

AMOUNTS = st.decimals(min_value=Decimal("0.01"), max_value=100, places=4)
NEEDS = st.dictionaries(
    st.sampled_from("abcd"),
    st.builds(
        Need,
        wanted=AMOUNTS,
        stands=st.just(Decimal(0)) | AMOUNTS,
        smallest=st.decimals(min_value=Decimal("0.01"), max_value=10, places=2),
    ),
)
LAST_DIGIT = Decimal("1e-20")


def _need(wanted: str, *, stands: str = "0", smallest: str = "0.1") -> Need:
    return Need(wanted=Decimal(wanted), stands=Decimal(stands), smallest=Decimal(smallest))


def test_each_book_gets_its_part_by_what_it_wants() -> None:
    needs = {"a": _need("3"), "b": _need("1")}

    assert shares(Decimal(2), needs) == {"a": Decimal("1.5"), "b": Decimal("0.5")}


def test_who_would_get_too_little_for_a_stop_gives_way_to_the_others() -> None:
    needs = {"a": _need("3", smallest="1"), "b": _need("2", smallest="1")}

    assert shares(Decimal("1.5"), needs) == {"a": Decimal("1.5")}


def test_what_stands_is_no_reason_to_give_way() -> None:
    needs = {"a": _need("1"), "b": _need("1", stands="0.05")}

    assert shares(Decimal("0.18"), needs) == {"b": Decimal("0.18")}


@given(there=st.decimals(min_value=0, max_value=500, places=4), needs=NEEDS)
def test_inv_6_shares_are_never_more_than_is_there_or_wanted(
    there: Decimal, needs: dict[str, Need]
) -> None:
    given_out = shares(there, needs)

    assert sum(given_out.values()) <= there + LAST_DIGIT
    assert all(share <= needs[place].wanted for place, share in given_out.items())
    assert all(
        share >= needs[place].smallest or needs[place].stands for place, share in given_out.items()
    )


@given(needs=NEEDS)
def test_where_all_is_there_everybody_gets_what_he_wants(needs: dict[str, Need]) -> None:
    whole = sum((each.wanted for each in needs.values()), Decimal(0))
    small = {place for place, each in needs.items() if each.wanted < each.smallest}

    given_out = shares(whole, {place: needs[place] for place in needs.keys() - small})

    assert all(abs(share - needs[place].wanted) <= LAST_DIGIT for place, share in given_out.items())
