"""Hours on paper and the same hours as a backtest: what is read of the books and of the run."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.parity import Parity
from kraken_pipeline.domain.proofs import Proof
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.settings import Loaded, load
from kraken_pipeline.store.courses import course
from kraken_pipeline.store.database import read_only
from kraken_pipeline.store.proofs import ProofFiles
from kraken_pipeline.wiring.configured import configured
from kraken_pipeline.wiring.modes import MARK, REAL
from kraken_pipeline.wiring.parity import compare
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.proving import Asked, prove
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, stocked_market

HOUR = timedelta(hours=1)
HOURS = 5
CONFIG = """
strategies:
  configs:
    trend_core:
      timeframes: [1h]
      params: {profile: aggressive, min_strength_bps: 1, daily_filter: false}
risk:
  max_per_strategy_pct: {trend_core: 60}
  max_gross_exposure_pct: 60
  max_per_asset_pct: 60
"""


@pytest.fixture(scope="module")
def lived(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> PaperMarket:
    """Some hours of a strategy on paper, each close decided and traded as it came."""
    with stocked_market(stocked, tmp_path_factory.mktemp("lived")) as market:
        market.configure(CONFIG)
        for hour in range(HOURS):
            market.turn(MOMENT + hour * HOUR)
            with market.pipeline() as pipeline:
                _live(pipeline)
        return market


def _live(pipeline: Pipeline) -> None:
    """Decide and trade one close."""
    for name in ("1h", "1d"):
        pipeline.refresh_bars(TIMEFRAMES[name])
    pipeline.keep_books()
    pipeline.decide(TIMEFRAMES["1h"], run_id="a test")
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    pipeline.keep_books()


def found(market: PaperMarket, *, days: int | None = None, **changes: object) -> Parity | str:
    loaded, of = as_it_is(market)
    changed = replace(of, **changes)  # type: ignore[arg-type]  # each test names its own
    return compare(loaded, changed, days=days, now=MOMENT)["1h"]


def as_it_is(market: PaperMarket) -> tuple[Loaded, Configured]:
    loaded = load(market.environ)
    return loaded, configured(loaded.settings, "trend_core")


def test_hours_on_paper_are_compared_with_a_backtest_of_them(lived: PaperMarket) -> None:
    told = found(lived)

    assert isinstance(told, Parity)
    # what came of the last close is not known yet
    assert (told.closes, told.both, told.missed) == (HOURS - 1, HOURS - 1, {})
    assert told.equal == told.both
    assert (told.answers, told.filled["paper only"], told.filled["backtest only"]) == ({}, 0, 0)
    assert len(told.worse_bps) == told.filled["both"] > 0
    assert any("too short" in each for each in told.faults)


def test_what_was_compared_is_kept_and_is_no_proof_while_it_shows_too_little(
    lived: PaperMarket,
) -> None:
    loaded, _ = as_it_is(lived)
    asked = Asked(closes=24, seed=1, days=1)

    [(shown, known)] = prove(loaded, "trend_core", (Proof.PARITY,), asked, now=MOMENT)

    assert not shown.holds
    assert "made up" in shown.said[0]
    assert any("too short" in each for each in shown.said)
    [(kept, hashed)] = ProofFiles(loaded.data_dir).of("trend_core")
    assert (hashed, kept.said, kept.of) == (known, shown.said, shown.of)
    assert kept.report["closes that both decided"] == HOURS - 1


def test_what_paper_did_is_read_with_version_and_parameters(lived: PaperMarket) -> None:
    loaded, _ = as_it_is(lived)
    database = read_only(loaded.database_url)
    recorded = course(database, "trend_core", "1h")
    database.close()

    assert [each.close.closed_at for each in recorded] == [
        MOMENT.replace(second=0) + hour * HOUR for hour in range(HOURS)
    ]
    assert len({(each.version, each.parameters) for each in recorded}) == 1
    answers = {wish.answer for each in recorded for wish in each.close.wishes}
    assert "approved" in answers
    assert all(
        wish.price and wish.after and wish.after > timedelta(0)
        for each in recorded
        for wish in each.close.wishes
        if wish.filled
    )


def test_what_another_version_did_does_not_count(lived: PaperMarket) -> None:
    _, of = as_it_is(lived)
    newer = replace(of.strategy, version="999")

    assert found(lived, strategy=newer) == (
        "paper decided 0 closes with this version and these parameters: run it there"
    )


def test_what_another_type_did_under_the_same_name_does_not_count(lived: PaperMarket) -> None:
    _, of = as_it_is(lived)
    copy = replace(of.strategy, name="a_copy")

    assert str(found(lived, strategy=copy)).startswith("paper decided 0 closes")


def test_what_other_parameters_did_does_not_count(lived: PaperMarket) -> None:
    _, of = as_it_is(lived)
    others = of.strategy.parameters({**of.parameters, "atr_bars": 33})

    assert str(found(lived, parameters=others)).startswith("paper decided 0 closes")


def test_a_timeframe_that_paper_never_decided_is_said_to(lived: PaperMarket) -> None:
    loaded, of = as_it_is(lived)

    told = compare(loaded, replace(of, timeframes=("1h", "4h")), days=None, now=MOMENT)

    assert isinstance(told["1h"], Parity)
    assert str(told["4h"]).startswith("paper decided 0 closes")


def test_where_nothing_was_ever_decided_that_is_said(tmp_path: Path, lived: PaperMarket) -> None:
    loaded, of = as_it_is(lived)

    told = compare(replace(loaded, data_dir=tmp_path), of, days=None, now=MOMENT)

    assert "nothing was ever decided on paper" in str(told["1h"])


def test_books_of_real_money_show_no_paper(tmp_path: Path, lived: PaperMarket) -> None:
    loaded, of = as_it_is(lived)
    (tmp_path / MARK).write_text(f"{REAL}\n")

    told = compare(replace(loaded, data_dir=tmp_path), of, days=None, now=MOMENT)

    assert "real money" in str(told["1h"])
