"""Runs that nobody would plan: opposite wishes, strategies that break, pairs that end."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from kraken_pipeline.domain.intents import Action, Outcome
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import State
from kraken_pipeline.services.backtest import History, Result, Run
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.strategies.base import Bars, Snapshot, Strategy, Wishes
from kraken_pipeline_tests.services.backtest.runs import (
    BEGUN,
    HOUR,
    Nothing,
    asked,
    flat,
    rules,
    scripted,
)

IN, OUT = Action.ENTER, Action.EXIT


def both(first: Strategy, second: Strategy, panel: Bars) -> Result:
    """Run two strategies, `a` and `b`, on one pair."""
    strategies = tuple(
        Configured(
            strategy_id=name,
            strategy=replace(each, name=name),
            timeframes=("1h",),
            parameters={},
            userref=None,
        )
        for name, each in (("a", first), ("b", second))
    )
    run = asked(first, strategies=strategies, until=BEGUN + len(panel.opened_at) * HOUR)
    return Run(run, rules(), History({"1h": panel}), Nothing()).run()


def held(result: Result) -> dict[str, Decimal]:
    return {each.book: each.qty for each in result.positions if each.qty}


def test_opposite_wishes_of_two_books_are_not_crossed_inside_ours() -> None:
    """PF-10: what sells goes first; what would buy from it waits, and may be wished for again."""
    result = both(
        scripted({2: IN, 5: OUT}), scripted({5: IN, 6: IN}), flat(*[100.0] * 9, volume=1e6)
    )

    [_, crossing, again] = result.plans
    sale, buy = crossing.verdicts
    assert sale.approved
    assert [each.code for each in buy.objections] == ["SELF_TRADE"]
    [told] = crossing.conflicts
    assert (told.sellers, told.buyers) == (("a@1h",), ("b@1h",))
    assert [each.approved for each in again.verdicts] == [True]
    assert list(held(result)) == ["b@1h"]


def test_each_book_holds_what_its_own_orders_filled_and_together_what_the_account_has() -> None:
    result = both(
        scripted({2: IN, 5: OUT, 7: IN}), scripted({3: IN, 6: OUT, 7: IN}), flat(*[100.0] * 12)
    )

    for book in ("a@1h", "b@1h"):
        own = [each for each in result.fills if each.book == book]
        signed = sum((each.qty if each.side == "buy" else -each.qty for each in own), ZERO)
        assert held(result).get(book, ZERO) == signed
    spent = sum((each.cost if each.side == "buy" else -each.cost for each in result.fills), ZERO)
    fees = sum((each.fee for each in result.fills), ZERO)
    assert result.final_cash == Decimal(10_000) - spent - fees


def breaking(bars: range) -> Strategy:
    """Return a strategy that raises at some closes and enters at the others."""
    calm = scripted(dict.fromkeys(range(20), IN))

    def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
        if int((snapshot.closed_at - BEGUN) / HOUR) in bars:
            raise ZeroDivisionError("by no price")
        return calm.decide(snapshot, state)

    return replace(calm, decide=decide)


def test_a_strategy_that_raises_is_skipped_and_stops_no_other() -> None:
    result = both(breaking(range(4, 6)), scripted({4: IN}), flat(*[100.0] * 9))

    skipped = [each for each in result.decisions if each.outcome is Outcome.SKIPPED]
    assert [int((each.closed_at - BEGUN) / HOUR) for each in skipped] == [4, 5]
    assert all("by no price" in each.reason for each in skipped)
    assert set(held(result)) == {"a@1h", "b@1h"}


def test_what_is_held_of_a_pair_that_ends_stays_at_its_last_price() -> None:
    panel = flat(*[100.0] * 4, 90.0, *[90.0] * 10)
    for each in (panel.open, panel.high, panel.low, panel.close, panel.volume):
        each[6:] = np.nan

    result = both(scripted({2: IN, 8: OUT}), scripted({}), panel)

    [qty] = held(result).values()
    assert result.final_equity == pytest.approx(result.final_cash + qty * 90)
    assert [each.state for each in result.orders] == [State.FILLED]
    last = result.decisions[-1]
    assert last.outcome is Outcome.SKIPPED
    assert last.reason.startswith("DATA_STALE_EVENT")


def test_one_bar_is_enough_to_run_on() -> None:
    strategy = scripted({1: IN})
    run = asked(strategy, until=BEGUN + 1.5 * HOUR)

    result = Run(run, rules(), History({"1h": flat(100.0)}), Nothing()).run()

    assert result.candles == 1
    assert result.final_equity == Decimal(10_000)
