"""Protections and allocations in a run: judged by the code of life, over what happened in it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.allocation import AllocationRules, Dynamic
from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.locks import LockKind
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.order_terms import OrderTerms
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.services.backtest import History, Result, Rules, Run
from kraken_pipeline_tests.services.backtest.runs import (
    HOUR,
    Nothing,
    asked,
    flat,
    rules,
    scripted,
)

IN_AND_OUT = {1: Action.ENTER, 2: Action.EXIT, 3: Action.ENTER, 4: Action.EXIT, 9: Action.ENTER}
PRICES = (100, 100, 100, 90, 90, 90, 90, 90, 90, 90, 90, 90)


def protection(kind: LockKind, **changes: object) -> Protection:
    told = Protection(
        kind=kind, by_pair=True, window=4 * HOUR, lock=4 * HOUR, count=1, threshold=ZERO
    )
    return replace(told, **changes)  # type: ignore[arg-type]  # `replace` checks names


def run(told: Rules, *, terms: OrderTerms | None = None) -> Result:
    history = History({"1h": flat(*PRICES)})
    until = asked(scripted({})).since + 10 * HOUR
    wanted = replace(asked(scripted(IN_AND_OUT, terms=terms)), until=until)
    return Run(wanted, told, history, Nothing()).run()


def codes(result: Result) -> list[list[str]]:
    return [
        [each.code for each in verdict.objections]
        for plan in result.plans
        for verdict in plan.verdicts
    ]


def test_without_a_protection_every_wish_is_followed() -> None:
    assert codes(run(rules())) == [[], [], [], [], []]


def test_a_cooldown_denies_what_would_enter_again_until_it_is_over() -> None:
    cooldown = protection(LockKind.COOLDOWN, lock=timedelta(hours=3))

    found = run(rules(protections=(cooldown,)))

    assert codes(found)[:3] == [[], [], ["COOLDOWN"]]
    # what was not entered can not be left
    assert codes(found)[-1] == []
    assert len(found.trips) == 1


def test_losses_in_a_row_lock_in_a_run_too() -> None:
    streak = protection(LockKind.LOSS_STREAK, count=2, lock=100 * HOUR)

    found = run(rules(protections=(streak,)))

    assert codes(found) == [[], [], [], [], ["LOSS_STREAK"]]


def test_orders_that_fill_worse_than_their_decisions_saw_lock() -> None:
    guard = protection(LockKind.SLIPPAGE_GUARD, threshold=Decimal(-1), lock=100 * HOUR)

    found = run(rules(protections=(guard,)))

    assert ["SLIPPAGE_GUARD"] in codes(found)


def test_what_the_exchange_took_is_no_reject() -> None:
    streak = protection(LockKind.REJECT_STREAK)

    assert codes(run(rules(protections=(streak,)))) == [[], [], [], [], []]


def test_who_lost_in_a_run_gets_less_than_it_wants() -> None:
    dynamic = Dynamic(lookback=72 * HOUR, min_pct=ZERO, max_pct=Decimal(100))
    told = AllocationRules(
        weights={"s": Decimal(1), "other": Decimal(1)},
        parts={},
        dynamic=dynamic,
        throttle=None,
        risk_pct=Decimal(1),
    )

    free, shared = run(rules()), run(rules(allocation=told))

    assert shared.trips[0] == free.trips[0]
    assert shared.trips[1].qty < free.trips[1].qty
    assert "results=" in shared.plans[-1].allocation["s"]


def test_the_same_run_with_protections_comes_to_the_same() -> None:
    told = rules(protections=tuple(map(protection, (LockKind.COOLDOWN, LockKind.LOSS_STREAK))))

    assert run(told).hash == run(told).hash
