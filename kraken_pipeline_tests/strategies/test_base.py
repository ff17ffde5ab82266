"""What a strategy may see: nothing later, nothing of other pairs, nothing made up."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Snapshot
from kraken_pipeline_tests.strategies.markets import CLOSED_AT, column, panel, shown


def seen(*closes: float, name: str = "15m") -> Snapshot:
    panels = {"15m": panel("15m", column(1)), name: panel(name, column(*closes))}
    return shown(panels, parameters={})


def test_bars_that_end_at_the_close_are_shown() -> None:
    assert seen(1, 2, 3).bars().close[-1, 0] == 3


@pytest.mark.parametrize("name", ["15m", "1h", "1d"])
def test_a_bar_that_closes_later_is_refused(name: str) -> None:
    late = panel(name, column(1, 2), closed_at=CLOSED_AT + timeframe(name).length)
    snapshot = shown({"15m": panel("15m", column(1)), name: late}, parameters={})

    with pytest.raises(InvalidValueError, match=f"bars of {name} reach past"):
        snapshot.bars(name)


def test_a_timeframe_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="needs do not name bars of 4h"):
        seen(1).bars("4h")


def test_bars_of_other_pairs_are_refused() -> None:
    snapshot = replace(seen(1), pairs=("ETHUSD",))

    with pytest.raises(InvalidValueError, match="not of the pairs"):
        snapshot.bars()


def test_a_window_holds_the_last_values() -> None:
    assert seen(1, 2, 3).window("close", 2).ravel().tolist() == [2, 3]


def test_a_window_says_which_bars_there_are_not_yet() -> None:
    assert np.isnan(seen(5, 6).window("close", 3)).ravel().tolist() == [True, False, False]


def test_a_window_of_bars_that_stopped_coming_ends_in_nothing() -> None:
    stale = panel("1h", column(1, 2, 3), closed_at=CLOSED_AT - timedelta(hours=2))
    snapshot = shown({"15m": panel("15m", column(1)), "1h": stale}, parameters={})

    window = snapshot.window("close", 3, "1h").ravel()

    assert window[0] == 3
    assert np.isnan(window[1:]).all()


@pytest.mark.parametrize("hours", range(3, 10))
def test_a_window_of_bars_that_stopped_long_ago_is_empty(hours: int) -> None:
    stale = panel("1h", column(1, 2, 3), closed_at=CLOSED_AT - timedelta(hours=hours))
    snapshot = shown({"15m": panel("15m", column(1)), "1h": stale}, parameters={})

    assert np.isnan(snapshot.window("close", 3, "1h")).all()


def test_a_window_of_no_bars_is_empty() -> None:
    snapshot = shown({"15m": panel("15m", np.empty((0, 1)))}, parameters={})

    assert np.isnan(snapshot.window("close", 4)).all()


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_a_price_that_is_not_above_zero_counts_as_missing(price: float) -> None:
    assert np.isnan(seen(1, price, 3).window("close", 3)[1, 0])


def test_a_volume_of_zero_is_a_volume() -> None:
    bars = panel("15m", column(1, 2))
    quiet = replace(bars, volume=np.zeros_like(bars.volume))

    assert shown({"15m": quiet}, parameters={}).window("volume", 2).ravel().tolist() == [0, 0]


def test_pandas_shows_a_column_by_close_time() -> None:
    frame = seen(1, 2).bars().frame_of("close")

    assert list(frame.columns) == ["P0USD"]
    assert frame.index[-1] == CLOSED_AT


def test_a_column_that_bars_do_not_have_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="no column 'vwap'"):
        seen(1).bars().frame_of("vwap")


def test_what_was_seen_has_another_identity_once_a_value_differs() -> None:
    bars = panel("15m", column(1, 2))

    assert bars.digest() == panel("15m", column(1, 2)).digest()
    assert bars.digest() != panel("15m", column(1, 2.0000001)).digest()
    assert bars.digest() != replace(bars, pairs=("ETHUSD",)).digest()


def test_stg_1_nothing_of_a_sealed_snapshot_can_be_changed() -> None:
    bars = panel("15m", column(1, 2))
    given = {"targets": {"XBTUSD": 1.0}, "names": ["a"]}
    sealed = shown({"15m": bars}, parameters=given).sealed()

    assert sealed.parameters["names"] == ("a",)
    with pytest.raises(TypeError):
        sealed.parameters["targets"]["XBTUSD"] = 2.0  # type: ignore[index]  # that is the attempt
    with pytest.raises(TypeError):
        sealed.panels["15m"] = bars  # type: ignore[index]  # the same
    with pytest.raises(ValueError, match="read-only"):
        sealed.bars().close[0, 0] = 3
    assert bars.digest() == sealed.bars().digest()
    bars.close[0, 0] = 3


def test_what_can_be_written_into_is_not_taken_for_what_it_was() -> None:
    bars = panel("15m", column(1, 2))
    before = bars.digest()
    bars.close[-1] = 3

    assert bars.digest() != before
    assert bars.sealed().digest() == bars.sealed().digest() == bars.digest()


def test_every_built_in_strategy_stands_under_its_own_name() -> None:
    assert all(each.name == name for name, each in STRATEGIES.items())


def test_a_strategy_cannot_decide_on_a_timeframe_that_there_is_not() -> None:
    with pytest.raises(UnknownNameError, match="2h"):
        replace(STRATEGIES["trend_core"], timeframes=("2h",))
