"""Whether paper did what a backtest of the same days does: close by close, wish by wish (STG-7).

Both see the same bars. What differs is what a backtest cannot know: how late a close was decided,
what the book showed, which other orders there were. How much that comes to is what is shown here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from kraken_pipeline.domain.intents import Intent
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, plain

LEAST_STRETCH: Final = timedelta(days=7)
"""A shorter one shows too few kinds of market."""
LEAST_CLOSES: Final = 24
"""Decided by both."""
LEAST_FILLS: Final = 3
"""Wishes that both filled."""
LEAST_EQUAL: Final = Decimal("0.9")
"""Of the closes that both decided; where one filled and the other did not, both go on otherwise."""
MOST_MISSED: Final = Decimal("0.1")
"""Of the closes of the stretch that paper did not decide."""
MOST_WORSE_BPS: Final = Decimal(50)
"""By which paper may have filled worse in the middle: `execution.max_slippage_bps` by default."""
NAMED: Final = 20
"""Closes that are named; all of them are counted."""
BPS: Final = Decimal(10_000)
STEP: Final = Decimal("0.01")
"""Basis points are rounded to it, so that they read well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What was wished for of a pair at a close, and what came of it."""

    pair: str
    side: Side
    wanted: str
    """Action, target, confidence and stop, as text."""
    answer: str
    """`approved`, the codes that denied it, or `waiting`."""
    filled: Decimal
    """In base units."""
    price: Decimal | None
    """The average, in quote per base; None where nothing filled."""
    after: timedelta | None
    """From the close until the last fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What an order traded."""

    qty: Decimal
    """In base units."""
    price: Decimal | None
    """The average, in quote per base; None where nothing traded."""
    at: datetime | None
    """Of its last fill."""


WAITING: Final = "waiting"
APPROVED: Final = "approved"


def answer_of(codes: Sequence[str]) -> str:
    """Return the answer of risk in a word: approved where no code stood against a wish."""
    return "+".join(sorted(set(codes))) or APPROVED


def wished(intent: Intent, answer: str, executions: Sequence[Execution]) -> Wished:
    """Return a wish with what came of it, all of its attempts together."""
    traded = [(each.qty, each.price) for each in executions if each.qty and each.price]
    filled = sum((qty for qty, _ in traded), ZERO)
    confidence, stop = plain(intent.confidence), plain(intent.stop_distance)
    ends = [each.at for each in executions if each.at is not None]
    return Wished(
        pair=intent.pair,
        side=intent.side,
        wanted=f"{intent.wanted}, confidence {confidence}, stop {stop}",
        answer=answer,
        filled=filled,
        price=sum((qty * price for qty, price in traded), ZERO) / filled if filled else None,
        after=max(ends) - intent.closed_at if ends else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """What came of a close."""

    closed_at: datetime
    skipped: str
    """Why it was not decided; empty where it was."""
    wishes: tuple[Wished, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far paper and backtest agree over a stretch of one timeframe."""

    since: datetime
    """The first close."""
    until: datetime
    """The last one."""
    closes: int
    """That there are in the stretch."""
    missed: Mapping[str, int]
    """Those that paper did not decide, by how their reason begins."""
    both: int
    """Closes that both decided."""
    equal: int
    """Of those, with the same wishes."""
    differing: tuple[str, ...]
    """The first of the others, with what each wished for."""
    wishes: int
    """That both had."""
    answers: Mapping[str, int]
    """Of those, answers that differ: paper's and the backtest's."""
    filled: Mapping[str, int]
    """Of those, how many were filled by both, by paper only and by the backtest only."""
    worse_bps: tuple[Decimal, ...]
    """By how much paper filled worse, for each that both filled, the best first."""
    paper_after: timedelta | None
    """From close to last fill, in the middle; None where nothing filled."""
    backtest_after: timedelta | None

    @property
    def faults(self) -> tuple[str, ...]:
        """Why it shows too little, or that they do not agree; none where it is a proof."""
        return tuple(said for each in _QUESTIONS if (said := each(self)))

    @property
    def figures(self) -> dict[str, object]:
        """All of it, as it is kept and shown."""
        return {
            "since": self.since,
            "until": self.until,
            "closes": self.closes,
            "closes that paper did not decide": dict(self.missed),
            "closes that both decided": self.both,
            "closes with the same wishes": self.equal,
            "closes that differ": list(self.differing),
            "wishes of both": self.wishes,
            "answers that differ": dict(self.answers),
            "filled": dict(self.filled),
            "paper filled worse by, in bps": _spread(self.worse_bps),
            "seconds from close to fill": {
                "paper": _seconds(self.paper_after),
                "backtest": _seconds(self.backtest_after),
            },
        }


def parity(
    paper: Sequence[Close], backtest: Mapping[datetime, Close], *, length: timedelta
) -> Parity:
    """Compare what came of the same closes.

    Args:
        paper: every close that paper recorded, oldest first, at least one.
        backtest: closes at which it wished for anything, or that it skipped; at any other it wished
            for nothing.
        length: of the timeframe.
    """
    told = [(each, backtest.get(each.closed_at) or _nothing_at(each)) for each in paper]
    both = [(mine, other) for mine, other in told if not mine.skipped and not other.skipped]
    unequal = [(mine, other) for mine, other in both if _wanted(mine) != _wanted(other)]
    pairs = [pair for mine, other in both for pair in _alike(mine, other)]
    filled = [(mine, other) for mine, other in pairs if mine.price and other.price]
    closes = (paper[-1].closed_at - paper[0].closed_at) // length + 1
    missed = Counter(each.skipped.partition(":")[0] for each in paper if each.skipped)
    if closes > len(paper):
        missed["nobody looked"] = closes - len(paper)
    return Parity(
        since=paper[0].closed_at,
        until=paper[-1].closed_at,
        closes=closes,
        missed=missed,
        both=len(both),
        equal=len(both) - len(unequal),
        differing=tuple(_difference(*each) for each in unequal[:NAMED]),
        wishes=len(pairs),
        answers=Counter(
            f"paper {mine.answer}, backtest {other.answer}"
            for mine, other in pairs
            if mine.answer != other.answer
        ),
        filled={
            "both": len(filled),
            "paper only": sum(bool(mine.price and not other.price) for mine, other in pairs),
            "backtest only": sum(bool(other.price and not mine.price) for mine, other in pairs),
        },
        worse_bps=tuple(sorted(_worse(mine, other) for mine, other in filled)),
        paper_after=_middle([mine.after for mine, _ in filled]),
        backtest_after=_middle([other.after for _, other in filled]),
    )


def _nothing_at(of: Close) -> Close:
    return Close(closed_at=of.closed_at, skipped="", wishes=())


def _wanted(of: Close) -> frozenset[tuple[str, str]]:
    return frozenset((each.pair, each.wanted) for each in of.wishes)


def _alike(mine: Close, other: Close) -> Iterator[tuple[Wished, Wished]]:
    theirs = {(each.pair, each.side): each for each in other.wishes}
    for each in mine.wishes:
        if (each.pair, each.side) in theirs:
            yield each, theirs[each.pair, each.side]


def _difference(mine: Close, other: Close) -> str:
    told = (
        f"{who}: {', '.join(sorted(f'{pair} {wanted}' for pair, wanted in found)) or 'nothing'}"
        for who, found in (
            ("only paper", _wanted(mine) - _wanted(other)),
            ("only the backtest", _wanted(other) - _wanted(mine)),
        )
    )
    return f"{mine.closed_at:%F %H:%M} {'; '.join(told)}"


def _worse(mine: Wished, other: Wished) -> Decimal:
    """Return by how many basis points the first filled worse; below zero where better."""
    paid, expected = mine.price, other.price
    if paid is None or not expected:
        raise ValueError("one of them did not fill")
    by = (paid - expected) / expected * BPS
    return (by if mine.side is Side.BUY else -by).quantize(STEP)


def _middle(of: Sequence[timedelta | None]) -> timedelta | None:
    known = [each.total_seconds() for each in of if each is not None]
    return timedelta(seconds=median(known)) if known else None


def _spread(of: Sequence[Decimal]) -> dict[str, str]:
    if not of:
        return {}
    return {"best": str(of[0]), "median": str(median(of)), "worst": str(of[-1])}


def _seconds(of: timedelta | None) -> str:
    return "none" if of is None else f"{of.total_seconds():.1f}"


def _is_long(of: Parity) -> str:
    if of.until - of.since >= LEAST_STRETCH:
        return ""
    return f"{of.until - of.since} on paper are too short: at least {LEAST_STRETCH.days} days"


def _has_closes(of: Parity) -> str:
    if of.both >= LEAST_CLOSES:
        return ""
    return f"{of.both} closes that both decided are too few: at least {LEAST_CLOSES}"


def _was_there(of: Parity) -> str:
    missed = sum(of.missed.values())
    if missed <= of.closes * MOST_MISSED:
        return ""
    why = ", ".join(f"{count} {reason}" for reason, count in of.missed.items())
    return f"paper did not decide {missed} of {of.closes} closes ({why})"


def _decides_alike(of: Parity) -> str:
    if of.equal >= of.both * LEAST_EQUAL:
        return ""
    return f"only {of.equal} of {of.both} closes have the same wishes"


def _fills(of: Parity) -> str:
    if len(of.worse_bps) >= LEAST_FILLS:
        return ""
    return f"{len(of.worse_bps)} wishes that both filled are too few: at least {LEAST_FILLS}"


def _fills_alike(of: Parity) -> str:
    if not of.worse_bps or median(of.worse_bps) <= MOST_WORSE_BPS:
        return ""
    return f"paper filled {median(of.worse_bps)} bps worse in the middle: at most {MOST_WORSE_BPS}"


_QUESTIONS: Final[tuple[Callable[[Parity], str], ...]] = (
    _is_long,
    _has_closes,
    _was_there,
    _decides_alike,
    _fills,
    _fills_alike,
)
