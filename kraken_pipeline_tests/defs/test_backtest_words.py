from datetime import timedelta

import dagster as dg
import pytest

from kraken_pipeline.defs.backtest_words import compared, month_figures, whole_figures
from kraken_pipeline.services.research.told import tell
from kraken_pipeline_tests.services.research.runs import BEGUN, daily, ran

TOLD = tell(ran(), daily(*[100.0 + each for each in range(61)]))


def text(value: object) -> str:
    assert isinstance(value, dg.MarkdownMetadataValue)
    return value.md_str or ""


def test_a_month_has_its_own_part_of_the_figures() -> None:
    january, february = (month_figures(TOLD, f"2024-0{each}-01") for each in (1, 2))

    assert (january["round_trips"], february["round_trips"]) == (2, 0)
    assert january["dagster/partition_row_count"] == 2
    assert january["profit_of_round_trips"] == 6
    assert january["equity"] < february["equity"]
    grown = (1 + january["gained_pct"] / 100) * (1 + february["gained_pct"] / 100)
    assert grown == pytest.approx(february["equity"] / 1000, rel=1e-5)


def test_a_month_outside_of_the_run_has_no_equity() -> None:
    assert "equity" not in month_figures(TOLD, "2025-01-01")


def test_the_whole_shows_pictures_denials_and_what_to_know_first() -> None:
    figures = whole_figures(TOLD, [])

    assert text(figures["equity_fall_exposure"]).startswith("![equity](data:image/png;base64,")
    assert figures["denials"] == {"CAP_PAIR": 3}
    assert "2 round trips are too few" in text(figures["before_you_read"])
    assert "| bought and held | 59.58 % |" in text(figures["outcome"])
    assert "| ETHUSD | 1 |" in text(figures["by_pair"])
    assert "beside_other_runs" not in figures


def test_a_strategy_that_left_nothing_again_shows_no_empty_table() -> None:
    figures = whole_figures(tell(ran(trips=()), None), [])

    assert text(figures["by_pair"]) == text(figures["by_strategy"]) == "no round trip ended"


def test_the_outcome_stays_short_enough_to_be_seen_at_once_beside_other_runs() -> None:
    figures = whole_figures(TOLD, [TOLD] * 4)

    # Dagster hides longer text behind a button
    assert len(text(figures["outcome"])) < 1000
    assert len(text(figures["beside_other_runs"])) > 1000


def test_runs_stand_side_by_side() -> None:
    other = tell(ran(run_id="other", until=BEGUN + timedelta(days=9)), None)

    head, _, *rows = compared([TOLD, other]).splitlines()

    assert head == f"|  | {TOLD.ran.run_id} | other |"
    assert rows[0] == "| strategies | trend_core on 1h | trend_core on 1h |"
    assert rows[2] == "| to | 2024-02-29 | 2024-01-09 |"
    assert "| bought and held | 59.58 % | none |" in rows
