from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError
from kraken_pipeline.services.backtest import History
from kraken_pipeline.settings import load
from kraken_pipeline.settings.protections import KINDS
from kraken_pipeline.wiring.backtest import Wanted, backtests, keep, require_whole, run_backtest
from kraken_pipeline_tests.paper_market import MOMENT, NOON, PaperMarket
from kraken_pipeline_tests.services.backtest.runs import BEGUN, HOUR, Nothing, asked, flat, scripted

DAYS = timedelta(days=1)
WANTED = Wanted(since=NOON - 15 * DAYS, until=NOON, timeframes=("1h",))
CONFIG = """
strategies:
  enabled: [trend_core]
  configs:
    trend_core:
      timeframes: [1h]
      params: {profile: aggressive, min_strength_bps: 1, daily_filter: false}
risk:
  max_per_strategy_pct: {trend_core: 100}
  max_gross_exposure_pct: 100
  max_per_asset_pct: 100
"""


def test_a_run_of_the_configuration_is_kept_and_read_back(market: PaperMarket) -> None:
    market.configure(CONFIG)
    loaded = load(market.environ)

    result = run_backtest(loaded, WANTED, now=MOMENT)
    keep(loaded, result)

    [kept] = backtests(loaded).runs()
    assert kept.card["hash"] == result.hash
    assert kept.card["asked"]["fees"]["source"] == "assumed"
    assert kept.card["survivorship"].startswith("no universe of then")
    assert len(kept.rows("fills")) == len(result.fills) > 0


def test_a_run_leaves_the_books_as_they_are(market: PaperMarket) -> None:
    """F-DAG-2: history that is decided anew can lead to no order."""
    market.configure(CONFIG)
    before = books_of(market)

    keep(load(market.environ), run_backtest(load(market.environ), WANTED, now=MOMENT))

    assert books_of(market) == before
    assert market.orders == []


ALL_OF_IT = """
  dynamic_allocation_enabled: true
  market_regime_throttle: {enabled: true, unavailable_policy: allow, timeframe: 1h}
  protections: [%s]
"""


def test_protections_and_allocation_are_judged_in_a_run(market: PaperMarket) -> None:
    market.configure(CONFIG)
    free = run_backtest(load(market.environ), WANTED, now=MOMENT)
    market.configure(CONFIG + ALL_OF_IT % ", ".join(sorted(KINDS)))
    held_back = run_backtest(load(market.environ), WANTED, now=MOMENT)

    assert sum(each.approved for plan in held_back.plans for each in plan.verdicts) > 0
    assert {"COOLDOWN", "LOW_PROFIT_PAIR"} & held_back.denials.keys()
    assert {"COOLDOWN", "LOW_PROFIT_PAIR"}.isdisjoint(free.denials)
    # no strategy may have more than half of what is shared out, though it is the only one
    assert all("results=" in plan.allocation["trend_core"] for plan in held_back.plans)
    assert len(held_back.trips) < len(free.trips)


def books_of(market: PaperMarket) -> dict[str, str]:
    files = Path(market.data_dir).glob("portfolio.db")
    return {each.name: sha256(each.read_bytes()).hexdigest() for each in files}


def test_the_same_run_comes_to_the_same(market: PaperMarket) -> None:
    market.configure(CONFIG)
    loaded = load(market.environ)

    first, again = (run_backtest(loaded, WANTED, now=MOMENT + each * DAYS) for each in range(2))

    assert first.hash == again.hash
    assert first.run_id != again.run_id


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [(400, 300, "no bar of 1h is stored"), (60, 0, "begin then, or fetch older ones")],
)
def test_bars_that_are_not_stored_are_named_with_the_remedy(
    market: PaperMarket, since: int, until: int, said: str
) -> None:
    early = replace(WANTED, since=NOON - since * DAYS, until=NOON - until * DAYS)

    with pytest.raises(InvalidValueError, match=said):
        run_backtest(load(market.environ), early, now=MOMENT)


def test_bars_that_are_missing_for_no_proven_reason_are_named(market: PaperMarket) -> None:
    holed = flat(*[100.0] * 9)
    holed.close[4] = np.nan
    whole = asked(scripted({}), until=BEGUN + 9 * HOUR)

    with pytest.raises(InvalidValueError, match="HISTORY_UNCERTIFIED: 1 bars of 1h"):
        require_whole(History({"1h": holed}), whole, Nothing())


@pytest.mark.parametrize(
    ("wrong", "said", "kind"),
    [
        (
            {"strategies": ("nobody",)},
            "strategies.configs lacks nobody: there is no",
            ConfigurationError,
        ),
        ({"pairs": ("NOUSD",)}, "NOUSD is not in the universe", InvalidValueError),
    ],
)
def test_what_is_not_there_is_named(
    market: PaperMarket, wrong: dict[str, object], said: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=said):
        run_backtest(
            load(market.environ),
            replace(WANTED, **wrong),  # type: ignore[arg-type]  # the point of it
            now=MOMENT,
        )


def test_without_books_there_is_no_run_and_none_are_made(market: PaperMarket) -> None:
    elsewhere = market.root / "elsewhere"
    environ = market.environ | {"KRAKEN_PIPELINE_DATA_DIR": str(elsewhere)}

    with pytest.raises(ConfigurationError, match="cannot be opened"):
        run_backtest(load(environ), WANTED, now=MOMENT)

    assert not (elsewhere / "portfolio.db").exists()
