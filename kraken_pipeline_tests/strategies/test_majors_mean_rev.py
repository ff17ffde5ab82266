"""The reversion strategy: dips, means, room for two, and what it says of all the rest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Action
from kraken_pipeline.strategies.base import Bars, Floats, Snapshot, Wish, Wishes
from kraken_pipeline.strategies.majors_mean_rev import MAJORS_MEAN_REV
from kraken_pipeline_tests.strategies.markets import column, panel, shown, walk, without_row

PAIRS = tuple(f"P{at}USD" for at in range(4))
SWINGING = np.where(np.arange(201) % 2, 101.0, 100.0)[:, np.newaxis]
"""Hours of the mean-reverting regime."""
DIP = [100.0] * 49 + [98.0]
"""The mean is 99.96, the close 196 bps under it."""
RISE = [100.0] * 49 + [101.0]


def market(*closes: Sequence[float], hours: Floats = SWINGING) -> dict[str, Bars]:
    """Return a pair for each run of closes."""
    close = np.hstack([column(*each) for each in closes])
    return {
        "15m": panel("15m", close),
        "1h": panel("1h", np.repeat(hours[:, :1], len(closes), axis=1)),
    }


def seen(panels: dict[str, Bars], *, held: Sequence[str] = (), **parameters: object) -> Snapshot:
    given = {"pairs": list(PAIRS), **parameters}
    return shown(panels, held=held, parameters=MAJORS_MEAN_REV.parameters(given))


def decided(panels: dict[str, Bars], *, held: Sequence[str] = (), **parameters: object) -> Wishes:
    return MAJORS_MEAN_REV.decide(seen(panels, held=held, **parameters), {})


def said(panels: dict[str, Bars], *, held: bool = False, **parameters: object) -> Wish | str:
    """Return what is said of the only pair."""
    wishes = decided(panels, held=["P0USD"] if held else [], **parameters)
    return wishes.wishes[0] if wishes.wishes else wishes.no_signals["P0USD"]


def entered(wishes: Wishes) -> list[str]:
    return [each.pair for each in wishes.wishes if each.action is Action.ENTER]


def test_the_defaults_are_those_of_the_contract() -> None:
    assert MAJORS_MEAN_REV.parameters({}) == {
        "pairs": ("XBTUSD", "ETHUSD"),
        "lookback": 50,
        "entry_bps": 150,
        "max_positions": 2,
        "only_mean_reverting": True,
        "atr_bars": 20,
        "stop_atr_multiple": 2,
    }


def test_what_was_checked_and_kept_as_text_may_be_checked_again() -> None:
    once = MAJORS_MEAN_REV.parameters({})

    assert MAJORS_MEAN_REV.parameters({**once, "pairs": ["XBTUSD", "ETHUSD"]}) == once


def test_no_majors_at_all_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="pairs"):
        MAJORS_MEAN_REV.parameters({"pairs": []})


def test_a_dip_is_entered_where_prices_revert() -> None:
    wish = said(market(DIP))

    assert isinstance(wish, Wish)
    assert wish.action is Action.ENTER
    assert wish.reason == "dip: 196.1 bps >= 150"


def test_confidence_is_the_dip_over_twice_the_least() -> None:
    wish = said(market(DIP))

    assert isinstance(wish, Wish)
    assert wish.confidence == pytest.approx((1 - 98 / 99.96) * 10_000 / 300)


def test_the_stop_is_two_average_true_ranges_from_the_close() -> None:
    wish = said(market(DIP))

    # nineteen ranges of 2, and from the close of 100 down to 98 x 0.99
    atr = (19 * 2 + (100 - 98 * 0.99)) / 20
    assert isinstance(wish, Wish)
    assert wish.stop_distance == pytest.approx(2 * atr / 98)


def test_a_small_dip_is_not_entered() -> None:
    assert said(market(DIP), entry_bps=200) == "no dip: 196.1 bps < 200"


@pytest.mark.parametrize(
    ("hours", "regime"),
    [
        (walk(201, 1, seed=1), "trending"),
        (walk(201, 1, seed=1, step=1e-4), "choppy"),
        (walk(201, 1, seed=1, step=0.2), "panic"),
    ],
)
def test_a_dip_is_not_entered_in_another_regime(hours: Floats, regime: str) -> None:
    assert said(market(DIP, hours=hours)) == f"regime: {regime}"
    assert isinstance(said(market(DIP, hours=hours), only_mean_reverting=False), Wish)


def test_a_pair_that_is_no_major_is_not_entered() -> None:
    assert said(market(DIP), pairs=["XBTUSD"]) == "not one of the majors"


def test_a_held_pair_is_left_at_its_mean() -> None:
    wish = said(market([100.0] * 50), held=True)

    assert isinstance(wish, Wish)
    assert (wish.action, wish.reason) == (Action.EXIT, "back at the mean: 0.0 bps above")


def test_a_held_pair_under_its_mean_is_kept() -> None:
    assert said(market(DIP), held=True) == "under the mean by 196.1 bps"


def test_a_held_pair_is_left_in_any_regime_and_though_it_is_no_major() -> None:
    hours = np.full((1, 1), np.nan)

    assert isinstance(said(market(RISE, hours=hours), held=True, pairs=["XBTUSD"]), Wish)


def test_the_deepest_dips_are_entered_where_there_is_room_for_two() -> None:
    panels = market(DIP, [100.0] * 49 + [96.0], [100.0] * 49 + [97.0], RISE)

    wishes = decided(panels)

    assert entered(wishes) == ["P1USD", "P2USD"]
    assert wishes.no_signals["P0USD"] == "no room: 2 positions at most"


def test_dips_of_the_same_depth_are_taken_by_name() -> None:
    assert entered(decided(market(DIP, DIP, DIP, DIP))) == ["P0USD", "P1USD"]


def test_what_is_held_takes_room() -> None:
    panels = market(DIP, DIP, DIP)

    assert entered(decided(panels, held=["P2USD"])) == ["P0USD"]
    assert entered(decided(panels, held=["P1USD", "P2USD"])) == []


def after_a_wish(panels: dict[str, Bars], *, bars: int) -> list[str]:
    """Return what is entered some closes after P2 and P3 were wished for, with nothing booked."""
    first = MAJORS_MEAN_REV.decide(seen(market(RISE, RISE, DIP, DIP)), {})
    snapshot = seen(panels)
    seconds = bars * snapshot.frame.seconds
    moved = replace(panels["15m"], opened_at=panels["15m"].opened_at + seconds)
    closed_at = snapshot.closed_at + timedelta(seconds=seconds)
    now = replace(snapshot, closed_at=closed_at, panels={**panels, "15m": moved})
    return entered(MAJORS_MEAN_REV.decide(now, first.state))


def test_an_entry_that_is_not_booked_yet_takes_its_room_already() -> None:
    assert after_a_wish(market(DIP, DIP, RISE, RISE), bars=1) == []


def test_what_was_wished_for_may_be_wished_for_again_in_its_own_room() -> None:
    assert after_a_wish(market(DIP, DIP, DIP, RISE), bars=1) == ["P2USD"]


def test_what_came_to_nothing_gives_its_room_back() -> None:
    assert after_a_wish(market(DIP, DIP, RISE, RISE), bars=2) == ["P0USD", "P1USD"]


def test_where_nothing_is_wished_for_the_state_stays() -> None:
    state = {"wished": "P0USD", "wished_at": "2026-01-01T00:00:00+00:00"}

    assert MAJORS_MEAN_REV.decide(seen(market(RISE)), state).state == state


@pytest.mark.parametrize("row", [0, 30, 49])
def test_without_every_bar_nothing_is_entered_and_nothing_left(row: int) -> None:
    for closes, held in ((DIP, False), (RISE, True)):
        panels = market(closes)
        holed = {**panels, "15m": without_row(panels["15m"], row, 0)}

        assert said(holed, held=held) == "no bars: 1 missing"


def test_without_hours_nothing_is_entered() -> None:
    assert said(market(DIP, hours=SWINGING[1:])) == "no 1h bars: 1 missing"


def test_a_stop_that_is_farther_away_than_the_price_is_none() -> None:
    panels = market(DIP)
    wild = replace(panels["15m"], high=panels["15m"].close * 2)

    assert str(said({**panels, "15m": wild})).startswith("no stop: 2.0")


@pytest.mark.parametrize(("hours", "wakes"), [(SWINGING, True), (walk(201, 1, seed=1), False)])
def test_it_sleeps_where_the_hours_do_not_revert(hours: Floats, *, wakes: bool) -> None:
    panels = market(DIP, hours=hours)
    parameters = MAJORS_MEAN_REV.parameters({"pairs": ["P0USD"]})
    assert MAJORS_MEAN_REV.awake is not None

    awake = MAJORS_MEAN_REV.awake(panels["15m"].frame, panels, parameters)

    assert awake.enter[-1].tolist() == [wakes]
    assert isinstance(said(panels), Wish) is wakes
