from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.conflicts import ALIKE, OPPOSITE, conflicts
from kraken_pipeline.domain.intents import Action, Intent
from kraken_pipeline_tests.builders import intent


def wants(strategy: str, pair: str, action: Action = Action.ENTER) -> Intent:
    return intent(strategy_id=strategy, pair=pair, action=action)


def test_who_wants_in_and_who_wants_out_act_each_for_his_own_book() -> None:
    [found] = conflicts([wants("a", "XBTUSD", Action.EXIT), wants("b", "XBTUSD")])

    assert (found.pair, found.sellers, found.buyers) == ("XBTUSD", ("a@1h",), ("b@1h",))
    assert found.rule == OPPOSITE


def test_several_who_want_in_take_their_turns() -> None:
    [found] = conflicts([wants("b", "XBTUSD"), wants("a", "XBTUSD")])

    assert found.buyers == ("b@1h", "a@1h")
    assert found.rule == ALIKE


def test_several_who_want_out_or_one_of_each_pair_are_no_conflict() -> None:
    leaving = [wants(each, "XBTUSD", Action.REDUCE) for each in "ab"]

    assert conflicts([*leaving, wants("c", "ETHUSD"), wants("d", "SOLUSD")]) == ()


@given(
    st.lists(
        st.builds(
            wants, st.sampled_from("abc"), st.sampled_from(["X", "Y"]), st.sampled_from(Action)
        )
    )
)
def test_a_conflict_names_every_book_that_wants_something_of_its_pair(told: list[Intent]) -> None:
    for each in conflicts(told):
        here = [one for one in told if one.pair == each.pair]
        assert len(each.sellers) + len(each.buyers) == len(here) > 1
