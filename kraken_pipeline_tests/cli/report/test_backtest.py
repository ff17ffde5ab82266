import re
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest

from kraken_pipeline.cli.report.backtest import MOST_PAIRS, Shown, page
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.risk.codes import MEANINGS
from kraken_pipeline.services.books.report import Traded
from kraken_pipeline.services.research.days import Course
from kraken_pipeline.services.research.told import luck_of, tell
from kraken_pipeline_tests.cli.report.test_charts import bars
from kraken_pipeline_tests.cli.report.test_in_a_browser import (  # noqa: F401 - a fixture among them
    browser,
    seen_by,
)
from kraken_pipeline_tests.services.research.runs import daily, fill, ran, trip

EMPTY = Course(at=np.array([], dtype=np.int64), equity=np.array([]), exposure=np.array([]))


def traded(pair: str) -> Traded:
    return Traded(pair=pair, fills=(fill(1, Side.BUY, pair=pair),), bars=bars())


def shown(*, pairs: int = 1, **changed: object) -> Shown:
    told = tell(ran(**changed), daily(*[100.0 + each for each in range(61)]))
    return Shown(
        told=told,
        luck=luck_of(told),
        traded=tuple(traded(f"P{each}USD") for each in range(pairs)),
    )


def test_every_part_is_there_with_what_to_know_before_reading() -> None:
    written = page(shown(survivors="the pairs are those of today"))

    for name in (
        "outcome",
        "curves",
        "performance",
        "trades",
        "denials",
        "luck",
        "assumed",
        "asked",
    ):
        assert f'<section id="{name}">' in written
    assert written.index("the pairs are those of today") < written.index("Outcome")
    assert "dashed: bought at first and held" in written
    assert escape(MEANINGS["CAP_PAIR"]) in written
    assert "bid and ask are 10 bps apart" in written


def test_the_trials_that_are_known_are_counted_on_the_page() -> None:
    of = shown()
    among = replace(of, luck=luck_of(of.told, [0.1, -0.1]))

    assert "no other trial of these strategies is known here" in page(of)
    assert "Of 3 trials that are recorded" in page(among)


def test_fees_are_those_of_every_trade_also_of_what_is_still_held() -> None:
    of = shown()

    assert of.told.performance is not None
    assert of.told.performance.fees != of.told.tally.fees
    outcome = page(of).partition('<section id="outcome">')[2].partition("</section>")[0]
    assert f'<data value="{of.told.performance.fees}">' in outcome


def test_the_same_run_gives_the_same_bytes_and_nothing_is_fetched() -> None:
    one, two = page(shown()), page(shown())

    assert one == two
    assert not re.search("<script|<link|<img|@import|https?:", one)


def test_candles_of_many_pairs_are_left_out_and_counted() -> None:
    written = page(shown(pairs=MOST_PAIRS + 3))

    assert written.count("<h3>") == MOST_PAIRS
    assert "The candles of 3 other pairs are not drawn." in written


def test_of_a_run_in_which_nothing_happened_the_page_says_so() -> None:
    written = page(shown(course=EMPTY, fills=(), trips=(), denials={}, counts={}))

    for said in ("No bar was closed", "Nothing was traded", "Nothing was denied", "no round trips"):
        assert said in written


def test_a_name_that_is_a_script_is_shown_as_text() -> None:
    sly = "<script>alert(1)</script>"
    written = page(shown(run_id=sly, denials={sly: 1}, trips=(trip(1, "1", pair=sly),)))

    assert sly not in written
    assert written.count("&lt;script&gt;") >= 3


@pytest.mark.slow
@pytest.mark.parametrize("wide", [1100, 360])
def test_a_browser_draws_every_chart(
    browser: str,  # noqa: F811 - that fixture
    tmp_path: Path,
    wide: int,
) -> None:
    (tmp_path / "report.html").write_text(page(shown(pairs=2)))

    drawn = seen_by(browser, tmp_path, wide)

    assert len(drawn["sizes"]) == 3 + 2
    assert all(width > wide * 0.8 and height > 90 for width, height in drawn["sizes"])
    assert drawn["overhang"] == 0
    assert "Before you read" in drawn["text"]
