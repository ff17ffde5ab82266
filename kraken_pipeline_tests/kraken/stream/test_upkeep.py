from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.kraken.stream.upkeep import Pauses

PAUSES = Pauses()


@given(failures=st.integers(0, 1000), seed=st.integers())
def test_a_pause_is_within_a_second_and_a_minute(failures: int, seed: int) -> None:
    assert 1 <= PAUSES.after(failures, random=Random(seed)) <= 60  # noqa: S311 - a pause


@given(failures=st.integers(0, 4), seed=st.integers())
def test_a_later_pause_is_at_least_as_long_as_any_before(failures: int, seed: int) -> None:
    shorter = PAUSES.after(failures, random=Random(seed))  # noqa: S311 - a pause
    longer = PAUSES.after(failures + 1, random=Random(seed + 1))  # noqa: S311 - a pause

    assert longer >= shorter


def test_two_clients_do_not_come_back_at_the_same_instant() -> None:
    pauses = {PAUSES.after(0, random=Random(seed)) for seed in range(20)}  # noqa: S311 - pauses

    assert len(pauses) == 20
