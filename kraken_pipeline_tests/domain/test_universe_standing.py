"""Where a pair stands between refreshes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.universe_standing import Standing, stand

ANSWERS = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=40)


def _walked(answers: list[bool | None], refreshes: int) -> list[Standing]:
    walked: list[Standing] = []
    for passes in answers:
        before = walked[-1] if walked else None
        walked.append(stand(before, passes=passes, is_first=before is None, refreshes=refreshes))
    return walked


@given(answers=ANSWERS, refreshes=st.integers(1, 5))
def test_two_moves_lie_at_least_as_many_refreshes_apart_as_one_takes(
    answers: list[bool | None], refreshes: int
) -> None:
    walked = [each.fits for each in _walked(answers, refreshes)]
    moves = [at for at, (old, new) in enumerate(pairwise(walked), 1) if old is not new]

    assert all(later - sooner >= refreshes for sooner, later in pairwise(moves))


@given(answers=ANSWERS, refreshes=st.integers(1, 5))
def test_what_answers_the_same_long_enough_is_where_it_says(
    answers: list[bool | None], refreshes: int
) -> None:
    for passes in (True, False):
        assert _walked([*answers, *[passes] * refreshes], refreshes)[-1].fits is passes


def test_the_first_refresh_admits_at_once() -> None:
    assert stand(None, passes=True, is_first=True, refreshes=3) == Standing(fits=True, needed=3)


def test_a_pair_that_is_new_later_has_to_earn_its_place() -> None:
    first = stand(None, passes=True, is_first=False, refreshes=3)

    assert first == Standing(fits=False, contrary=1, needed=3)


def test_the_first_word_counts_where_nothing_could_be_said_at_first() -> None:
    silent = stand(None, passes=None, is_first=True, refreshes=3)

    assert not silent.fits
    for passes in (True, False):
        assert stand(silent, passes=passes, is_first=False, refreshes=3) == Standing(
            fits=passes, needed=3
        )


def test_silence_speaks_neither_for_nor_against() -> None:
    before = Standing(fits=True, contrary=2, needed=3)

    assert stand(before, passes=None, is_first=False, refreshes=3) == before
