"""Paper and a backtest of the same days, close by close."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.parity import (
    APPROVED,
    LEAST_CLOSES,
    Close,
    Execution,
    Parity,
    Wished,
    answer_of,
    parity,
    wished,
)
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.store.builders import decision

HOUR = timedelta(hours=1)
DAYS = 8 * 24


def wish(price: str | None = "100", **changes: object) -> Wished:
    told = Wished(
        pair="XBTUSD",
        side=Side.BUY,
        wanted="enter",
        answer=APPROVED,
        filled=Decimal(1) if price else Decimal(0),
        price=Decimal(price) if price else None,
        after=timedelta(seconds=2) if price else None,
    )
    return replace(told, **changes)  # type: ignore[arg-type]  # each test names its own


def close(at: int, *wishes: Wished, skipped: str = "") -> Close:
    return Close(closed_at=NOW + at * HOUR, skipped=skipped, wishes=wishes)


def course(*wishes: tuple[int, Wished], closes: int = DAYS) -> list[Close]:
    """Return closes with a wish at some of them."""
    told = dict(wishes)
    return [close(at, *([told[at]] if at in told else [])) for at in range(closes)]


def compared(paper: Sequence[Close], backtest: Sequence[Close]) -> Parity:
    return parity(paper, {each.closed_at: each for each in backtest if each.wishes}, length=HOUR)


FIVE = course(*((at, wish()) for at in range(5)))


def test_who_does_the_same_is_proven_by_it() -> None:
    found = compared(FIVE, FIVE)

    assert found.faults == ()
    assert (found.closes, found.both, found.equal, found.wishes) == (DAYS, DAYS, DAYS, 5)
    assert found.filled == {"both": 5, "paper only": 0, "backtest only": 0}
    assert found.worse_bps == (Decimal(0),) * 5


@pytest.mark.parametrize(
    ("side", "paper", "bps"), [("buy", "101", 100), ("buy", "99", -100), ("sell", "99", 100)]
)
def test_worse_is_dearer_for_a_buy_and_cheaper_for_a_sale(side: str, paper: str, bps: int) -> None:
    of = Side(side)

    found = compared(
        course((0, wish(paper, side=of)), closes=2), course((0, wish(side=of)), closes=2)
    )

    assert found.worse_bps == (Decimal(bps),)


def test_a_close_with_another_wish_is_named_with_both() -> None:
    mine, other = wish(wanted="enter"), wish(wanted="enter to qty 2")

    found = compared(course((3, mine)), course((3, other)))

    assert (found.both, found.equal) == (DAYS, DAYS - 1)
    [said] = found.differing
    assert said == (
        f"{NOW + 3 * HOUR:%F %H:%M} only paper: XBTUSD enter; "
        "only the backtest: XBTUSD enter to qty 2"
    )


def test_answers_that_differ_are_counted_with_their_codes() -> None:
    denied = wish(None, answer=answer_of(["SPREAD", "DATA_STALE_EVENT", "SPREAD"]))

    found = compared(course((0, denied), (1, denied)), course((0, wish()), (1, wish())))

    assert found.answers == {"paper DATA_STALE_EVENT+SPREAD, backtest approved": 2}
    assert found.filled == {"both": 0, "paper only": 0, "backtest only": 2}


def test_closes_that_nobody_looked_at_are_missed_as_those_that_were_skipped() -> None:
    paper = [close(0), close(1, skipped="STRATEGY_FAULT: it raised"), close(9)]

    found = compared(paper, [])

    assert (found.closes, found.both) == (10, 2)
    assert found.missed == {"STRATEGY_FAULT": 1, "nobody looked": 7}


FAULTY = {
    "at least 7 days": (FIVE[:100], FIVE[:100]),
    f"at least {LEAST_CLOSES}": ([FIVE[0], *FIVE[-2:]], FIVE),
    "did not decide": (FIVE[::2], FIVE),
    "have the same wishes": (
        course(*((at, wish(wanted="a")) for at in range(DAYS))),
        course(*((at, wish(wanted="b")) for at in range(DAYS))),
    ),
    "that both filled are too few": (course((0, wish())), course((0, wish()))),
    "bps worse in the middle": (course(*((at, wish("101")) for at in range(5))), FIVE),
}


@pytest.mark.parametrize("said", FAULTY)
def test_what_shows_too_little_or_does_not_agree_is_no_proof(said: str) -> None:
    found = compared(*FAULTY[said])

    assert any(said in each for each in found.faults)


LAST = NOW + timedelta(days=7)
BOUNDS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "at least 7 days": ({"until": LAST}, {"until": LAST - HOUR}),
    "at least 24": ({"both": 24, "equal": 24}, {"both": 23, "equal": 23}),
    "did not decide": (
        {"closes": 200, "missed": {"gone": 20}},
        {"closes": 200, "missed": {"gone": 21}},
    ),
    "have the same wishes": ({"both": 30, "equal": 27}, {"both": 30, "equal": 26}),
    "that both filled are too few": (
        {"worse_bps": (Decimal(0),) * 3},
        {"worse_bps": (Decimal(0),) * 2},
    ),
    "bps worse in the middle": (
        {"worse_bps": (Decimal(0), Decimal(50), Decimal(90))},
        {"worse_bps": (Decimal(0), Decimal("50.01"), Decimal(90))},
    ),
}
"""What is said, to what just suffices, and what does not any more."""


@pytest.mark.parametrize("said", BOUNDS)
def test_what_is_asked_for_is_enough_and_a_little_less_is_not(said: str) -> None:
    enough, less = (replace(compared(FIVE, FIVE), **each) for each in BOUNDS[said])  # type: ignore[arg-type]  # spelled above

    assert enough.faults == ()
    [fault] = less.faults
    assert said in fault


def test_a_close_that_only_the_backtest_skipped_is_not_compared() -> None:
    there = {NOW: close(0, skipped="DATA_STALE_STRATEGY: too old")}

    found = parity(course((0, wish()), closes=3), there, length=HOUR)

    assert (found.closes, found.both, found.equal, found.missed) == (3, 2, 2, {})


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(1, 1000)), min_size=1, max_size=4))
def test_several_attempts_of_a_wish_have_one_price_between_theirs(
    traded: list[tuple[int, int]],
) -> None:
    [intent] = decision("XBTUSD", closed_at=NOW).intents
    executions = [
        Execution(qty=Decimal(qty), price=Decimal(price), at=NOW + qty * HOUR)
        for qty, price in traded
    ]

    found = wished(intent, APPROVED, [*executions, Execution(qty=Decimal(0), price=None, at=None)])

    prices = [price for _, price in traded]
    assert found.filled == sum(qty for qty, _ in traded)
    assert found.price is not None
    assert min(prices) <= round(found.price, 12) <= max(prices)
    assert found.after == max(qty for qty, _ in traded) * HOUR


def test_a_wish_that_did_not_fill_has_no_price() -> None:
    [intent] = decision("XBTUSD", closed_at=NOW).intents

    found = wished(intent, answer_of(["CASH"]), [])

    assert found.answer == "CASH"
    assert not found.filled
    assert (found.price, found.after) == (None, None)


def test_the_figures_say_how_prices_are_spread() -> None:
    found = compared(FIVE, FIVE).figures

    assert found["since"] == NOW
    assert found["paper filled worse by, in bps"] == dict.fromkeys(
        ("best", "median", "worst"), "0.00"
    )
