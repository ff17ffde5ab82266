import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.research.space import Between, OneOf, ends, nearby, space
from kraken_pipeline.strategies import STRATEGIES


def test_ranges_steps_and_lists_are_read() -> None:
    found = space(["fast=5:20", "strength=5:30:2.5", "profile=balanced,aggressive", "days=1,7"])

    assert found == {
        "fast": Between(low=5, high=20),
        "strength": Between(low=5, high=30, step=2.5),
        "profile": OneOf(values=("balanced", "aggressive")),
        "days": OneOf(values=(1, 7)),
    }


def test_a_yes_or_no_can_be_chosen_as_it_is_configured() -> None:
    [choice] = space(["daily_filter=true,false"]).values()
    check = STRATEGIES["trend_core"].parameters

    assert [check({"daily_filter": each})["daily_filter"] for each in ends(choice)] == [True, False]


def test_numbers_are_whole_where_all_that_is_told_is() -> None:
    assert Between(low=5, high=20, step=5).is_whole
    assert not Between(low=5, high=20, step=2.5).is_whole
    assert not Between(low=0.5, high=20).is_whole


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "nothing is left to choose"),
        (["fast"], "'fast' is no choice"),
        (["=5:20"], "is no choice"),
        (["fast=5:20", "fast=1:2"], "fast is named twice"),
        (["fast=20:5"], "its low end must be below its high end"),
        (["fast=5:5"], "its low end must be below its high end"),
        (["fast=5:x"], "is no range"),
        (["fast=nan:5"], "is no range"),
        (["fast=false:true"], "is no range"),
        (["fast=1:2:3:4"], "is no range"),
        (["fast=5:20:0"], "has a step of 0"),
        (["fast=5:20:16"], "has a step of 16"),
        (["fast=5"], "name two values or more"),
        (["fast=5,5"], "name two values or more"),
    ],
)
def test_what_leaves_no_choice_is_refused_with_its_remedy(texts: list[str], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        space(texts)


def test_neighbours_differ_by_one_step_in_one_parameter_and_stay_in_range() -> None:
    of = space(["fast=5:20", "strength=0.0:1.0", "profile=a,b"])
    chosen = {"fast": 5, "strength": 0.5, "profile": "a", "other": 1}

    assert nearby(of, chosen) == (
        ("fast=6", {**chosen, "fast": 6}),
        ("strength=0.4", {**chosen, "strength": 0.4}),
        ("strength=0.6", {**chosen, "strength": 0.6}),
    )


def test_a_range_ends_at_its_ends_and_a_list_at_each() -> None:
    of = space(["fast=5:20", "profile=a,b,c"])

    assert [ends(each) for each in of.values()] == [(5, 20), ("a", "b", "c")]


def test_a_step_lands_on_what_a_person_would_write() -> None:
    of = Between(low=0.1, high=0.3, step=0.1)

    assert (0.1 + 0.2, of.on_step(0.1 + 0.2)) == (0.30000000000000004, 0.3)
    assert Between(low=0.1, high=0.3).on_step(0.1 + 0.2) == 0.1 + 0.2
    assert [change for change, _ in nearby({"share": of}, {"share": 0.2})] == [
        "share=0.1",
        "share=0.3",
    ]
