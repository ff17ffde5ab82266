from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.settings import load
from kraken_pipeline.settings.protections import KINDS
from kraken_pipeline.wiring.backtest import backtests, keep, run_backtest
from kraken_pipeline.wiring.backtest_asked import Wanted
from kraken_pipeline.wiring.research import ran_of
from kraken_pipeline_tests.paper_market import MOMENT, NOON, PaperMarket

DAYS = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
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


def test_what_is_named_twice_or_in_another_spelling_is_the_same_run(market: PaperMarket) -> None:
    market.configure(CONFIG)
    loaded = load(market.environ)
    once = replace(WANTED, strategies=("trend_core",), pairs=("ETHUSD", "ADAUSD"))
    twice = replace(
        once,
        strategies=("trend_core", "trend_core"),
        timeframes=("1h", "1h"),
        pairs=("eth/usd", "ADAUSD", "XETHZUSD"),
    )

    first, again = (run_backtest(loaded, each, now=MOMENT) for each in (once, twice))

    assert (first.hash, first.run_id) == (again.hash, again.run_id)
    assert len(again.fills) > 0


def test_a_strategy_that_is_tried_has_the_caps_and_orders_that_it_would_have_if_it_ran(
    market: PaperMarket,
) -> None:
    its_own = "configs:\n    trend_core:\n      order: {post_only: true}\n      strategy_weight: 50"
    config = CONFIG.replace("configs:\n    trend_core:", its_own)
    named = replace(WANTED, strategies=("trend_core",))
    market.configure(config)
    running = run_backtest(load(market.environ), named, now=MOMENT)
    market.configure(config.replace("enabled: [trend_core]", "enabled: []"))
    tried = run_backtest(load(market.environ), named, now=MOMENT)

    assert tried.final_equity == running.final_equity
    assert tried.fills == running.fills
    assert {each.maker for each in tried.fills} == {True}
    assert tried.plans[0].allocation == running.plans[0].allocation != {}


LADDERS = """
fees:
  ladders:
    - since: 2023-01-01
      source: a saved page
      tiers:
        - {maker_pct: 0.1, taker_pct: 0.1}
        - {volume_usd: 10000, maker_pct: 0, taker_pct: 0.05}
    - {since: 2025-01-01, source: too late, tiers: [{maker_pct: 1, taker_pct: 1}]}
"""


def test_fees_of_a_run_are_those_of_the_ladder_of_then(market: PaperMarket) -> None:
    """BT-2: a ladder is in force from its day on; what is before the first is assumed."""
    market.configure(CONFIG + LADDERS)
    loaded = load(market.environ)

    result = run_backtest(loaded, WANTED, now=MOMENT)
    stored = keep(loaded, result)

    first = result.fills[0]
    assert first.fee == pytest.approx(first.cost / 1000, abs=Decimal("0.00001"))
    assert stored.card["asked"]["fees"]["source"] == "a saved page"
    [said] = [each for each in ran_of(stored).assumed if each.startswith("fees")]
    assert said == (
        "fees are 0.1 % for a maker and 0.1 % for a taker, less from 10000 traded in 30 days on "
        "(a saved page)"
    )


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


def test_each_close_of_a_run_sees_the_universe_of_then(market: PaperMarket) -> None:
    """UNI-5: what left later was there, and what is kept of then is no survivor's choice."""
    market.configure(CONFIG)
    with market.pipeline() as pipeline:
        universes = pipeline.stores.universes
        now = universes.refresh()
        assert now is not None
        for days, members in ((20, now.universe.members), (8, now.universe.members[1:])):
            then = replace(now.universe, version=f"U{days}", at=NOON - days * DAYS, members=members)
            universes.keep(replace(now, universe=then))
    loaded = load(market.environ)

    result = run_backtest(loaded, WANTED, now=MOMENT)
    told = ran_of(keep(loaded, result))

    left = now.universe.members[0].name
    assert [version for _, version in result.universes] == ["U20", "U8"]
    assert told.survivors == ""
    assert told.asked["universes"].startswith("2 as they followed, the last U8 from 2024-02-26")
    bought = [each.at for each in result.fills if each.pair == left and each.side is Side.BUY]
    assert bought
    assert max(bought) < NOON - 8 * DAYS


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


def test_a_pair_is_known_by_every_spelling_and_named_once(market: PaperMarket) -> None:
    """UNI-1: what a person types means one pair."""
    named = replace(WANTED, pairs=("eth/usd", "XETHZUSD", "ETHUSD"), strategies=("trend_core",) * 2)

    result = run_backtest(load(market.environ), named, now=MOMENT)

    assert result.pairs == ("ETHUSD",)
    assert len(result.asked.strategies) == 1


def test_cash_that_buys_nothing_is_refused(market: PaperMarket) -> None:
    market.configure(CONFIG + "portfolio: {base_currency: EUR}\n")

    with pytest.raises(InvalidValueError, match="quoted in USD: nothing could be bought"):
        run_backtest(load(market.environ), WANTED, now=MOMENT)


def test_without_books_there_is_no_run_and_none_are_made(market: PaperMarket) -> None:
    elsewhere = market.root / "elsewhere"
    environ = market.environ | {"KRAKEN_PIPELINE_DATA_DIR": str(elsewhere)}

    with pytest.raises(
        ConfigurationError, match=r"cannot be opened.*first `kraken-pipeline cycle`"
    ):
        run_backtest(load(environ), WANTED, now=MOMENT)

    assert not (elsewhere / "portfolio.db").exists()
