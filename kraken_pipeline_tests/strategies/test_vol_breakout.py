"""The breakout strategy: compression, break, failure, and what it says of all the rest."""

from dataclasses import replace

import numpy as np
import pytest

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.strategies.base import Bars, Floats, Wish
from kraken_pipeline.strategies.vol_breakout import VOL_BREAKOUT
from kraken_pipeline_tests.strategies.markets import column, panel, shown, walk, without_row

CALM_HOURS = walk(201, 1, seed=1)
QUIET = [100.0] * 21
"""A range of 8 bps from 99.96 to 100.04, in each bar: the average true range is 0.08."""
BREAK = 100.17
"""Above 100.04 + 1.5 x 0.08 = 100.16."""


def market(*closes: float, hours: Floats = CALM_HOURS) -> dict[str, Bars]:
    bars = panel("1m", column(*closes), spread=0.0004)
    return {"1m": bars, "1h": panel("1h", hours)}


def said(panels: dict[str, Bars], *, held: bool = False, **parameters: object) -> Wish | str:
    """Return what is said of the only pair."""
    snapshot = shown(
        panels,
        name="1m",
        held=["P0USD"] if held else [],
        parameters=VOL_BREAKOUT.parameters(parameters),
    )
    wishes = VOL_BREAKOUT.decide(snapshot, {})
    return wishes.wishes[0] if wishes.wishes else wishes.no_signals["P0USD"]


def test_the_defaults_are_those_of_the_contract() -> None:
    assert VOL_BREAKOUT.parameters({}) == {
        "lookback": 20,
        "max_range_bps": 10,
        "breakout_atr_multiple": 1.5,
    }


def test_a_close_far_above_a_compressed_range_is_entered() -> None:
    wish = said(market(*QUIET, BREAK))

    assert isinstance(wish, Wish)
    assert wish.action is Action.ENTER
    assert wish.confidence == 0.8
    assert wish.reason == "break: close 100.17 > 100.16 after 8.0 bps"


def test_the_stop_stands_at_the_bottom_of_the_range() -> None:
    wish = said(market(*QUIET, BREAK))

    assert isinstance(wish, Wish)
    assert wish.stop_distance == pytest.approx(1 - 99.96 / BREAK)


def test_a_close_at_the_level_is_no_break() -> None:
    assert said(market(*QUIET, 100.15)) == "no break: close 100.15 <= 100.16"


def test_a_range_that_is_too_wide_is_no_compression() -> None:
    assert said(market(*QUIET, BREAK), max_range_bps=7) == "no compression: 8.0 bps > 7"


def test_the_break_itself_does_not_widen_the_range() -> None:
    assert isinstance(said(market(*QUIET, 150.0)), Wish)


def test_a_range_that_was_wide_long_enough_ago_is_forgotten() -> None:
    assert isinstance(said(market(50.0, *QUIET, BREAK)), Wish)


@pytest.mark.parametrize(
    ("hours", "regime"),
    [
        (walk(201, 1, seed=1, step=0.2), "panic"),
        (np.where(np.arange(201) % 2, 101.0, 100.0)[:, np.newaxis], "mean_reverting"),
    ],
)
def test_a_break_is_not_believed_where_prices_panic_or_revert(hours: Floats, regime: str) -> None:
    assert said(market(*QUIET, BREAK, hours=hours)) == f"regime: {regime}"


def test_a_break_is_believed_where_prices_rest() -> None:
    assert isinstance(said(market(*QUIET, BREAK, hours=walk(201, 1, seed=1, step=1e-4))), Wish)


def test_a_held_pair_above_its_mean_is_kept() -> None:
    assert said(market(*QUIET, BREAK), held=True) == "break holds"


def test_a_held_pair_that_fell_under_its_mean_is_left() -> None:
    wish = said(market(*QUIET, 99.0), held=True)

    assert isinstance(wish, Wish)
    assert (wish.action, wish.confidence) == (Action.EXIT, 0.5)
    assert wish.reason == "break over: close 99 under its mean 99.95"


def test_a_held_pair_is_left_in_any_regime_and_without_hours() -> None:
    assert isinstance(said(market(*QUIET, 99.0, hours=np.full((1, 1), np.nan)), held=True), Wish)


@pytest.mark.parametrize("row", [0, 10, 21])
def test_a_bar_in_which_nothing_traded_is_no_compression(row: int) -> None:
    panels = market(*QUIET, BREAK)

    assert said({**panels, "1m": without_row(panels["1m"], row, 0)}) == "no bars: 1 missing"


@pytest.mark.parametrize(("row", "why"), [(0, None), (1, "no bars: 1 missing"), (21, "no bars")])
def test_a_bar_that_was_made_up_is_no_compression(row: int, why: str | None) -> None:
    panels = market(99.99, *QUIET, BREAK)
    flags = np.zeros((23, 1), dtype=np.bool_)
    flags[row] = True
    snapshot = shown(panels, name="1m", parameters=VOL_BREAKOUT.parameters({}))

    wishes = VOL_BREAKOUT.decide(replace(snapshot, is_filled={"1m": flags}), {})

    assert bool(wishes.wishes) is (why is None)
    assert why is None or wishes.no_signals["P0USD"].startswith(why)


def test_a_held_pair_whose_mean_is_not_known_is_kept() -> None:
    panels = market(*QUIET, 99.0)

    kept = said({**panels, "1m": without_row(panels["1m"], 10, 0)}, held=True)

    assert kept == "no bars: 1 of its mean are missing"


def test_without_hours_nothing_is_entered() -> None:
    assert said(market(*QUIET, BREAK, hours=CALM_HOURS[2:])) == "no 1h bars: 2 missing"


def test_a_market_that_stands_still_breaks_by_any_rise_and_has_a_stop() -> None:
    still = panel("1m", column(*QUIET, BREAK), spread=0.0)
    panels = {**market(*QUIET, BREAK), "1m": replace(still, low=still.low * 1.0)}

    wish = said(panels)

    assert isinstance(wish, Wish)
    assert wish.stop_distance == pytest.approx(1 - 100 / BREAK)
