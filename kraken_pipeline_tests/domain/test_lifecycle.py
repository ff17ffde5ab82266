"""The stages of a strategy: who is asked, who may open where, and within how much."""

import pytest

from kraken_pipeline.domain.lifecycle import ASKED, PARTS, TESTED, Stage, barred, never_barred

MAY = {
    Stage.RESEARCH: (False, False),
    Stage.SHADOW: (False, False),
    Stage.PAPER: (True, False),
    Stage.CANARY: (True, True),
    Stage.LIVE: (True, True),
    Stage.RETIRED: (False, False),
}
"""Whether a stage may open on paper, and whether with real money."""


@pytest.mark.parametrize("stage", list(Stage))
def test_a_stage_opens_where_it_may_and_says_why_not_elsewhere(stage: Stage) -> None:
    on_paper, with_money = (barred(stage, spends=spends) for spends in (False, True))

    assert (not on_paper, not with_money) == MAY[stage]
    assert all(f"stage={stage}" in each for each in (on_paper, with_money) if each)


def test_what_lacks_bars_nobody_where_no_money_is_spent() -> None:
    assert barred(Stage.LIVE, spends=False, lacks=("parity 1h",)) == ""
    assert barred(Stage.LIVE, spends=True, lacks=("parity 1h",)).endswith("lacks=parity 1h")


def test_who_may_spend_may_trade_on_paper_too() -> None:
    assert all(on_paper or not with_money for on_paper, with_money in MAY.values())


def test_only_research_is_not_asked_and_only_what_is_retired_is_not_tested() -> None:
    assert set(Stage) - ASKED == {Stage.RESEARCH}
    assert set(Stage) - TESTED == {Stage.RETIRED}


def test_a_canary_alone_has_less_than_its_caps() -> None:
    assert {each: str(part) for each, part in PARTS.items()} == {Stage.CANARY: "0.1"}


def test_a_backtest_bars_nobody() -> None:
    assert never_barred("anyone") == ""
