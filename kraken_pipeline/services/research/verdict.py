"""What a search says of a strategy, in figures and in words, as a person reads it."""

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Final

from kraken_pipeline.services.research.folds import Span
from kraken_pipeline.services.research.outcome import last_day
from kraken_pipeline.services.research.plan import Evidence
from kraken_pipeline.services.research.search import Fitted

YEAR: Final = 365
"""Days: this market never closes."""
LIKELY: Final = 0.95
"""A deflated Sharpe ratio from which on luck is an unlikely explanation."""
FEW_TRADES: Final = 30
"""Round trips of all tests; of fewer, nothing can be told."""
HALF: Final = 0.5


def figures(of: Evidence) -> Mapping[str, str]:
    """Return what all folds say together; ratios are of a year."""
    judged = of.judged
    return {
        "trials, with those of other searches": str(judged.trials),
        "Sharpe ratio where it was chosen": _yearly(judged.inside),
        "Sharpe ratio in the tests": _yearly(judged.outside),
        "of it as configured, in the tests": _yearly(judged.unchosen),
        "gained in the tests": _percent(judged.grown),
        "probability that it is above zero": _chance(judged.chance),
        "best that luck gives of so many": "none"
        if judged.deflated is None
        else _yearly(judged.deflated.luck),
        "deflated Sharpe ratio": "none"
        if judged.deflated is None
        else _chance(judged.deflated.chance),
        "Sharpe ratio of the last choice": _yearly(judged.stays),
        "worst of its neighbours": _worst(of),
    }


def fold_rows(of: Evidence) -> list[dict[str, object]]:
    """Return a row a fold: what was chosen, and what became of it."""
    folds = {each.number: each.test for each in of.plan.folds}
    return [
        {
            "fold": each.number,
            "test": days_of(folds[each.number]),
            "chosen": chosen_in(of, each),
            "ratio_where_chosen": _yearly(each.chosen.ratio),
            "gained": _percent(each.came.grown),
            "as_configured": _percent(each.unchosen.grown),
            "deepest_fall": _percent(each.came.fallen),
            "round_trips": each.came.trades,
        }
        for each in of.fitted
    ]


def days_of(span: Span) -> str:
    """Return the first and the last day of a stretch."""
    return f"{span.since:%Y-%m-%d} to {last_day(span.until)}"


def chosen_in(of: Evidence, fold: Fitted) -> str:
    """Return which parameters a fold chose."""
    return ", ".join(f"{name} {fold.chosen.parameters[name]}" for name in of.plan.space)


def words(of: Evidence) -> tuple[str, ...]:
    """Return what the figures do and do not say."""
    return tuple(_words(of))


def _words(of: Evidence) -> Iterator[str]:
    judged = of.judged
    trades = sum(each.came.trades for each in of.fitted)
    if of.plan.wanted.pairs:
        named = ", ".join(of.plan.wanted.pairs)
        yield f"it was tried on {named} alone, which somebody chose: others may tell otherwise"
    yield from of.caveats
    if trades < FEW_TRADES:
        yield f"{trades} round trips in all tests are too few to tell skill from luck"
    if judged.outside <= 0:
        yield "what was chosen earned nothing in the tests: there is no skill to tell from luck"
    elif judged.deflated is None or judged.deflated.chance < LIKELY:
        yield (
            f"after {judged.trials} trials luck alone explains this: the deflated Sharpe ratio is "
            f"below {LIKELY * 100:.0f} %"
        )
    else:
        yield "luck alone is an unlikely explanation; the next year may still be another"
    if 0 < judged.outside < HALF * judged.inside or judged.outside <= 0 < judged.inside:
        yield "less than half of what the search saw was left in the tests: it fitted noise"
    if judged.outside <= judged.unchosen:
        yield "searching brought nothing: as configured it did at least as well in the tests"
    lowest = min((each.ratio for each in judged.neighbours), default=judged.stays)
    if judged.stays > 0 and lowest < HALF * judged.stays:
        yield "a step in one parameter loses more than half of it: the choice stands on a spike"


def _worst(of: Evidence) -> str:
    if not of.judged.neighbours:
        return "none"
    worst = min(of.judged.neighbours, key=lambda each: each.ratio)
    return f"{_yearly(worst.ratio)} at {worst.change}"


def _yearly(ratio: float) -> str:
    return f"{ratio * sqrt(YEAR):.2f}"


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def _chance(chance: float | None) -> str:
    return "none" if chance is None else f"{chance * 100:.1f} %"
