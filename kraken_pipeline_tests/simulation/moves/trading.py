"""What trading itself does: decisions are made, and runs of the job, whole or in part."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from kraken_pipeline.domain.ids import DecisionId, decision_id, intent_id
from kraken_pipeline.domain.intents import Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline_tests.builders import plain_action
from kraken_pipeline_tests.simulation import markets
from kraken_pipeline_tests.simulation.life import Life
from kraken_pipeline_tests.simulation.process import Process
from kraken_pipeline_tests.simulation.world import RUN

STRATEGIES: Final = ("trend", "revert", "overlay")
TIMEFRAME: Final = "5m"
PAIRS: Final = tuple(markets.PRICES)


def decide(life: Life) -> None:
    """A bar closed: strategies want something, perhaps told twice."""
    world = life.world
    # here a bar closes each minute, so that there are many
    closed_at = world.time.now.replace(second=0, microsecond=0)
    for strategy in STRATEGIES:
        if life.dice.random() < 0.6:
            for _ in range(life.dice.choice([1, 1, 2])):
                process = world.idle()
                world.let(process, partial(_decided, life, process, strategy, closed_at))


def trade(life: Life) -> None:
    """A run of the job, perhaps of stages that Dagster runs again."""
    stages = list(RUN)
    if life.dice.random() < 0.25:
        again = life.dice.randrange(len(stages))
        stages.insert(again, stages[again])
    life.world.run(life.world.idle(), tuple(stages), life.fuse(0.12))


def decide_and_trade(life: Life) -> None:
    """A bar closed, and the job ran."""
    decide(life)
    trade(life)


def assess_only(life: Life) -> None:
    """A run that ends before it sends, so that what it approved lies there."""
    decide(life)
    life.world.run(life.world.idle(), ("assess",), life.fuse(0.05))


def settle_only(life: Life) -> None:
    """A run of the schedule that compares orders with the exchange."""
    life.world.run(life.world.idle(), ("settle", "books"), life.fuse(0.12))


def keep_books(life: Life) -> None:
    """A run of the schedule that keeps the books."""
    life.world.run(life.world.idle(), ("books",), life.fuse(0.05))


def tend(life: Life) -> None:
    """A run of the schedule that keeps the dead man's switch."""
    life.world.run(life.world.idle(), ("tend",), life.fuse(0.1))


def wait(life: Life) -> None:
    """Nothing happens for a while."""
    life.world.time.sleep(life.dice.choice([60, 240]))


def _decided(life: Life, process: Process, strategy: str, closed_at: datetime) -> None:
    dice = life.dice_of(strategy, closed_at)
    held = {
        each.pair
        for each in process.books.positions()
        if each.qty and each.book == book_of(strategy, TIMEFRAME)
    }
    identity = decision_id(
        namespace=Namespace.TRADE,
        strategy_id=strategy,
        timeframe=TIMEFRAME,
        closed_at=closed_at,
    )
    intents = []
    for pair in dice.sample(PAIRS, dice.randint(1, 2)):
        side = Side.SELL if pair in held and dice.random() < 0.5 else Side.BUY
        intents.append(_intent(life, dice, pair, side, (strategy, identity, closed_at)))
    decision = Decision(
        decision_id=identity,
        namespace=Namespace.TRADE,
        strategy_id=strategy,
        strategy_version="1",
        timeframe=TIMEFRAME,
        closed_at=closed_at,
        decided_at=life.world.machine.clock(),
        outcome=Outcome.SIGNAL,
        reason="",
        universe_version="U",
        config_hash="c",
        inputs_hash="i",
        run_id="run",
        intents=tuple(intents),
        no_signals={},
    )
    is_new = process.decisions.record(decision, {})
    life.world.tape.count("decisions" if is_new else "decisions told twice")


def _intent(
    life: Life,
    dice: random.Random,
    pair: str,
    side: Side,
    of: tuple[str, DecisionId, datetime],
) -> Intent:
    strategy, identity, closed_at = of
    world = life.world
    now, listed = world.machine.clock(), world.exchange.market.listing.pair(pair)
    assert listed is not None
    last = world.exchange.last(listed, closed_at)
    away = dice.choice([-40, 0, 0, 20, 60]) * (1 if side is Side.BUY else -1)
    return Intent(
        intent_id=intent_id(identity, pair=pair, side=side),
        decision_id=identity,
        strategy_id=strategy,
        timeframe=TIMEFRAME,
        pair=pair,
        action=plain_action(side),
        confidence=Decimal(dice.randint(20, 100)) / 100,
        stop_distance=Decimal(dice.randint(4, 20)) / 100 if side is Side.BUY else ZERO,
        decided_at=now,
        closed_at=closed_at,
        expires_at=now + timedelta(minutes=dice.choice([2, 10, 45, 300])),
        decision_price=last * (1 + Decimal(away) / 10_000),
        reason="a made-up reason",
        userref=None,
    )
