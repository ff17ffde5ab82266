"""`kraken-pipeline guard` as a process of its own, on a market whose clock stands."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.switch import Keeper
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.signs import GUARDIAN
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import FEW_PAIRS, PaperMarket, resting_buy
from kraken_pipeline_tests.programs import environment, eventually, started

pytestmark = pytest.mark.slow


def timer_seconds(market: PaperMarket) -> float | None:
    timer = market.served.exchange.account.timer
    return None if timer is None else (timer - market.served.exchange.clock.now()).total_seconds()


def is_set_to(market: PaperMarket, pipeline: Pipeline, seconds: float) -> Callable[[], bool]:
    """Return what shows that the order service lives, and looks at the exchange's timer."""

    def look() -> bool:
        pipeline.show_life()
        return timer_seconds(market) == seconds

    return look


@pytest.fixture
def guard(market: PaperMarket, pipeline: Pipeline) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a guardian over an order that rests, and wait until it keeps the switch."""
    resting_buy(pipeline)
    env = environment(market.root, FEW_PAIRS, **market.environ)
    with started("guard", env=env, log=market.root / "guard.log") as process:
        eventually(is_set_to(market, pipeline, 60), seconds=30)
        yield process


def said(market: PaperMarket) -> str:
    return (market.root / "guard.log").read_text()


def test_asked_to_stop_it_hands_the_switch_to_the_schedule(
    market: PaperMarket, pipeline: Pipeline, guard: "subprocess.Popen[bytes]"
) -> None:
    pipeline.show_life()
    guard.send_signal(signal.SIGINT)

    assert guard.wait(timeout=20) == 0
    assert "Dagster's schedule keeps the switch now" in said(market)
    assert (timer_seconds(market), pipeline.keeper) == (600, Keeper.SCHEDULE)
    assert len(market.open_orders) == 1


def test_f_grd_3_killed_it_is_missed_at_once_and_nothing_opens(
    market: PaperMarket, pipeline: Pipeline, guard: "subprocess.Popen[bytes]"
) -> None:
    guard.kill()
    guard.wait()

    pipeline.show_life()

    assert pipeline.keeper is Keeper.LOST
    assert [each.kind for each in pipeline.halts()] == [HaltKind.GUARD]
    assert timer_seconds(market) == 60


def test_what_it_cannot_write_for_a_moment_does_not_end_it(
    market: PaperMarket, pipeline: Pipeline, guard: "subprocess.Popen[bytes]"
) -> None:
    sign = market.data_dir / GUARDIAN
    sign.unlink()
    sign.mkdir()
    eventually(lambda: "NOT RENEWED" in said(market), seconds=10)
    sign.rmdir()

    eventually(sign.is_file, seconds=10)
    assert guard.poll() is None
    assert pipeline.keeper is Keeper.GUARDIAN


def test_shd_1_a_second_signal_ends_it_at_once_and_leaves_the_switch_to_act(
    market: PaperMarket, pipeline: Pipeline, guard: "subprocess.Popen[bytes]"
) -> None:
    market.served.service.delays["CancelAllOrdersAfter"] = 20
    guard.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        guard.wait(timeout=2)

    guard.send_signal(signal.SIGINT)

    assert guard.wait(timeout=5) == 130
    assert pipeline.keeper is Keeper.LOST


def test_a_second_guardian_is_refused(
    command: Command, market: PaperMarket, guard: "subprocess.Popen[bytes]"
) -> None:
    second = command("guard", environ=market.environ)

    assert second.code == 2
    assert "another guardian runs" in second.err


def test_where_nothing_can_rest_there_is_nothing_to_guard(
    command: Command, market: PaperMarket
) -> None:
    market.configure("execution: {mode: dry_run}\n")

    refused = command("guard", environ=market.environ)

    assert (refused.code, "none to guard" in refused.err) == (2, True)
    assert not Path(market.data_dir / GUARDIAN).exists()


def test_the_status_shows_the_switch_and_who_keeps_it(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)

    shown = command("status", environ=market.environ).out

    assert "armed until 2024-03-05 12:10:10; kept by Dagster's schedule; stops are spared" in shown
