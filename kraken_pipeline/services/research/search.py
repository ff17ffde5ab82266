"""Parameters chosen on a stretch and judged on the next: what the choice was worth afterwards."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.research.folds import Fold, Span
from kraken_pipeline.services.research.sharpe import Deflated, chance_above, deflated, sample
from kraken_pipeline.services.research.space import Between, Space, nearby

if TYPE_CHECKING:
    import optuna

ASKED_PER_TRIAL: Final = 5
"""So often may parameters be proposed that the strategy refuses, for each trial that is wanted."""
_REFUSED: Final = -1e9
"""What the search is told of parameters that the strategy refuses: look elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of one run."""

    returns: tuple[float, ...]
    """Of each UTC day, as a share."""
    trades: int
    """Round trips."""
    grown: float
    """The return of all of it, as a share."""
    fallen: float
    """The deepest fall between two ends of days, as a share, 0 to 1."""
    fills: int = 0
    """What traded, also of positions that stay open; 0 of what was tried before that was kept."""


Try = Callable[[Mapping[str, object], Span], Came]
"""Parameters and a stretch to what came of them.

Raises `InvalidValueError` for parameters that the strategy refuses.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Parameters that were tried on what a fold is fitted on."""

    parameters: Mapping[str, object]
    ratio: float
    """The Sharpe ratio of a day; zero where nothing was traded."""
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was tried in a fold, what was chosen, and what became of that."""

    number: int
    trials: tuple[Trial, ...]
    refused: int
    """Proposals that the strategy's own bounds refuse; they were not run."""
    chosen: Trial
    came: Came
    """Of what was chosen, on the test, which the choice never saw."""
    unchosen: Came
    """Of the parameters as configured, on the same test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The chosen parameters with one of them moved by a step."""

    change: str
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What all folds say together."""

    trials: int
    """That were ever made of this strategy, those of earlier searches with them."""
    inside: float
    """The mean ratio of what was chosen, on what it was chosen on."""
    outside: float
    """The ratio of all tests in a row; zero where nothing was traded."""
    unchosen: float
    """The same of the parameters as configured."""
    chance: float | None
    """The probability that the true ratio of the tests is above zero; None where none can be."""
    deflated: Deflated | None
    """The same above the best that luck gives of as many trials."""
    grown: float
    """The return of all tests in a row, as a share."""
    neighbours: tuple[Neighbour, ...]
    """How the parameters of the last fold do on all of it when one of them is moved."""
    stays: float
    """The ratio of the last fold's parameters on all of it."""


def fit(
    attempt: Try,
    fold: Fold,
    of: Space,
    configured: Mapping[str, object],
    *,
    trials: int,
    seed: int,
) -> Fitted:
    """Choose parameters on what a fold is fitted on, and run them on its test, once.

    Args:
        attempt: runs a backtest.
        fold: where.
        of: what may be chosen.
        configured: the parameters otherwise.
        trials: how many are tried, at least one; what is proposed twice is run once.
        seed: the same one proposes the same.

    Raises:
        InvalidValueError: no trial was wanted, or the strategy refuses whatever is proposed.
    """
    made, refusals = _trials(attempt, fold, of, configured, trials=trials, seed=seed)
    if not made:
        raise InvalidValueError(
            f"each of {len(refusals)} proposals was refused by the strategy, which says: "
            f"{refusals[-1]}"
        )
    # of equals the first, so that the order of proposals decides and not chance
    chosen = max(made, key=lambda each: each.ratio)
    return Fitted(
        number=fold.number,
        trials=tuple(made),
        refused=len(refusals),
        chosen=chosen,
        came=attempt(chosen.parameters, fold.test),
        unchosen=attempt(configured, fold.test),
    )


def judge(
    attempt: Try,
    fitted: Sequence[Fitted],
    of: Space,
    whole: Span,
    *,
    earlier: Sequence[float] = (),
) -> Judged:
    """Return what all folds of a search say together.

    Args:
        attempt: runs a backtest.
        fitted: every fold, in order, at least one.
        of: what could be chosen.
        whole: the stretch of all folds.
        earlier: the ratios of trials of this strategy in other searches: luck had those, too.
    """
    ratios = [*earlier, *(each.ratio for fold in fitted for each in fold.trials)]
    returns = np.array([each for fold in fitted for each in fold.came.returns])
    known = sample(returns)
    last = fitted[-1].chosen.parameters
    return Judged(
        trials=len(ratios),
        inside=float(np.mean([each.chosen.ratio for each in fitted])),
        outside=0.0 if known is None else known.ratio,
        unchosen=_ratio([each for fold in fitted for each in fold.unchosen.returns]),
        chance=None if known is None else chance_above(known, 0.0),
        deflated=None if known is None else deflated(known, ratios),
        grown=float(np.prod(1 + returns) - 1),
        neighbours=tuple(_neighbours(attempt, of, last, whole)),
        stays=_ratio(attempt(last, whole).returns),
    )


def _trials(
    attempt: Try,
    fold: Fold,
    of: Space,
    configured: Mapping[str, object],
    *,
    trials: int,
    seed: int,
) -> tuple[list[Trial], list[InvalidValueError]]:
    if trials < 1:
        raise InvalidValueError(f"trials is {trials}; at least one is needed to choose")
    study = _study(seed)
    made: dict[tuple[object, ...], Trial] = {}
    refusals: list[InvalidValueError] = []
    for _ in range(trials * ASKED_PER_TRIAL):
        if len(made) == trials:
            break
        proposed = study.ask()
        values = {name: _suggested(proposed, name, each) for name, each in of.items()}
        key = tuple(values.values())
        try:
            if key not in made:
                made[key] = _tried(attempt, {**configured, **values}, fold)
        except InvalidValueError as refusal:
            refusals.append(refusal)
            study.tell(proposed, _REFUSED)
        else:
            study.tell(proposed, made[key].ratio)
    return list(made.values()), refusals


def _tried(attempt: Try, parameters: Mapping[str, object], fold: Fold) -> Trial:
    came = [attempt(parameters, each) for each in fold.train]
    return Trial(
        parameters=parameters,
        ratio=_ratio([each for one in came for each in one.returns]),
        trades=sum(each.trades for each in came),
    )


def _ratio(returns: Sequence[float]) -> float:
    known = sample(np.array(returns))
    return 0.0 if known is None else known.ratio


def _neighbours(
    attempt: Try, of: Space, chosen: Mapping[str, object], whole: Span
) -> Iterator[Neighbour]:
    for change, parameters in nearby(of, chosen):
        try:
            came = attempt(parameters, whole)
        except InvalidValueError:
            continue
        yield Neighbour(change=change, ratio=_ratio(came.returns))


def _study(seed: int) -> "optuna.Study":
    import optuna  # noqa: PLC0415 - slow to load, and only a search needs it

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _suggested(proposed: "optuna.Trial", name: str, choice: Any) -> Any:  # noqa: ANN401 - as the space says
    if not isinstance(choice, Between):
        return proposed.suggest_categorical(name, choice.values)
    if choice.is_whole:
        return proposed.suggest_int(
            name, int(choice.low), int(choice.high), step=int(choice.step or 1)
        )
    found = proposed.suggest_float(name, choice.low, choice.high, step=choice.step)
    return choice.on_step(found)
