from dataclasses import replace
from pathlib import Path

import pytest

from kraken_pipeline.services.research.plan import Evidence
from kraken_pipeline.services.research.search import Judged, Neighbour
from kraken_pipeline.services.research.sharpe import Deflated
from kraken_pipeline.services.research.verdict import figures, fold_rows, words
from kraken_pipeline_tests.services.research.test_conduct import searched


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return searched(tmp_path)[0]


def judged(of: Evidence, **changed: object) -> Evidence:
    good: dict[str, object] = {
        "deflated": Deflated(trials=30, luck=0.01, chance=0.99),
        "inside": 0.1,
        "outside": 0.09,
        "unchosen": 0.01,
        "stays": 0.1,
        "neighbours": (Neighbour(change="fast=6", ratio=0.09),),
    }
    found: Judged = replace(of.judged, **{**good, **changed})  # type: ignore[arg-type]  # by name
    return replace(of, judged=found)


def test_every_fold_has_a_row_with_what_it_chose(evidence: Evidence) -> None:
    rows = fold_rows(evidence)

    assert [each["fold"] for each in rows] == [1, 2, 3]
    assert all(str(each["chosen"]).startswith("fast ") for each in rows)


def test_ratios_are_told_for_a_year_and_trials_are_counted(evidence: Evidence) -> None:
    found = figures(judged(evidence))

    assert found["trials, with those of other searches"] == "30"
    assert found["Sharpe ratio in the tests"] == "1.72"
    assert found["deflated Sharpe ratio"] == "99.0 %"
    assert found["worst of its neighbours"] == "1.72 at fast=6"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "luck alone is an unlikely explanation"),
        ({"deflated": Deflated(trials=30, luck=0.1, chance=0.5)}, "luck alone explains this"),
        ({"deflated": None}, "luck alone explains this"),
        ({"outside": 0.01, "unchosen": 0.0}, "it fitted noise"),
        ({"outside": -0.01}, "earned nothing in the tests"),
        ({"outside": -0.01}, "it fitted noise"),
        ({"unchosen": 0.2}, "searching brought nothing"),
        ({"neighbours": (Neighbour(change="fast=6", ratio=-0.1),)}, "stands on a spike"),
    ],
    ids=["good", "lucky", "unknown", "overfitted", "lost", "lost after", "needless", "spike"],
)
def test_words_say_what_the_figures_mean(
    evidence: Evidence, changed: dict[str, object], said: str
) -> None:
    assert any(said in each for each in words(judged(evidence, **changed)))


def test_without_figures_there_are_none(evidence: Evidence) -> None:
    found = figures(judged(evidence, deflated=None, chance=None, neighbours=()))

    assert found["deflated Sharpe ratio"] == found["worst of its neighbours"] == "none"


def test_a_choice_that_earns_nothing_stands_on_no_spike(evidence: Evidence) -> None:
    bad = judged(evidence, stays=-0.1, neighbours=(Neighbour(change="fast=6", ratio=-0.09),))

    assert not any("spike" in each for each in words(bad))


def test_a_test_is_told_by_its_first_and_its_last_day(evidence: Evidence) -> None:
    assert fold_rows(evidence)[-1]["test"] == "2024-05-16 to 2024-06-30"


def test_what_was_assumed_of_bars_and_pairs_is_said(evidence: Evidence) -> None:
    told = words(replace(evidence, caveats=("the pairs are those which lived on",)))

    assert "the pairs are those which lived on" in told
    assert "the pairs are those which lived on" not in words(evidence)
