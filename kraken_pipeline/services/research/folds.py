"""Stretches to fit on and stretches to be judged on, with a gap that nothing can leak across."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kraken_pipeline.domain.errors import InvalidValueError

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time: its beginning belongs to it, its end does not."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Where parameters are chosen, and where what was chosen is judged."""

    number: int
    """From 1 on."""
    train: tuple[Span, ...]
    test: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How far what is fitted stays from what it is judged on."""

    purge: timedelta
    """Left out before a test: a position that was entered there may end within it."""
    embargo: timedelta = timedelta(0)
    """Left out after a test: what happened in it still echoes there."""


def walk_forward(whole: Span, count: int, gap: Gap) -> tuple[Fold, ...]:
    """Return tests one after the other, each fitted on all that lies before it but the purge.

    The first test begins where the first of `count + 1` equal parts ends. Every end is a UTC
    midnight.

    Args:
        whole: what is divided; it begins at a UTC midnight.
        count: tests, at least one.
        gap: what is left out; nothing that is fitted lies after a test, so the embargo is idle.

    Raises:
        InvalidValueError: the parts would be shorter than a day, or a purge leaves nothing to fit.
    """
    edges = _edges(whole, count + 1)
    folds = tuple(
        Fold(
            number=number,
            train=(Span(since=edges[0], until=edges[number] - gap.purge),),
            test=Span(since=edges[number], until=edges[number + 1]),
        )
        for number in range(1, count + 1)
    )
    return _fit_to_learn(folds, gap)


def purged(whole: Span, count: int, gap: Gap) -> tuple[Fold, ...]:
    """Return equal parts of a whole as tests, each fitted on what lies before and after it.

    What lies after the test is the future: it judges whether parameters hold at all times, never
    what they would have earned. Every end is a UTC midnight.

    Args:
        whole: what is divided; it begins at a UTC midnight.
        count: parts, at least two.
        gap: what is left out before and after each test.

    Raises:
        InvalidValueError: there is one part only, the parts would be shorter than a day, or the gap
            leaves nothing to fit.

    Source: López de Prado (2018), "Advances in Financial Machine Learning", chapter 7: purged
    k-fold cross-validation.
    """
    if count <= 1:
        raise InvalidValueError(f"folds is {count}; what is judged and what is fitted take two")
    edges = _edges(whole, count)
    tests = [Span(since=edges[at], until=edges[at + 1]) for at in range(count)]
    folds = tuple(
        Fold(
            number=at + 1, train=_around(whole=(edges[0], edges[-1]), test=test, gap=gap), test=test
        )
        for at, test in enumerate(tests)
    )
    return _fit_to_learn(folds, gap)


def _around(whole: tuple[datetime, datetime], test: Span, gap: Gap) -> tuple[Span, ...]:
    before = Span(since=whole[0], until=test.since - gap.purge)
    # what is entered in the test may end after it, as what is entered before may end in it
    after = Span(since=test.until + max(gap.embargo, gap.purge), until=whole[1])
    return tuple(each for each in (before, after) if each.length > timedelta(0))


def _edges(whole: Span, parts: int) -> list[datetime]:
    days = (whole.until - whole.since) // _DAY
    if parts < 1 or days < parts:
        raise InvalidValueError(
            f"from {whole.since:%Y-%m-%d} to {whole.until:%Y-%m-%d} are {days} whole days, which "
            f"cannot be divided into {parts} parts: ask for a longer stretch or for fewer folds"
        )
    return [whole.since + days * at // parts * _DAY for at in range(parts + 1)]


def _fit_to_learn(folds: tuple[Fold, ...], gap: Gap) -> tuple[Fold, ...]:
    for each in folds:
        if not any(span.length >= _DAY for span in each.train):
            raise InvalidValueError(
                f"purge is {gap.purge / _DAY:g} days, which leaves nothing to fit before fold "
                f"{each.number}: ask for a shorter one, a longer stretch or for fewer folds"
            )
    return folds
