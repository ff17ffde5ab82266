from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.research.folds import Fold, Gap, Span, walk_forward
from kraken_pipeline.services.research.search import Came, Fitted, fit, judge
from kraken_pipeline.services.research.sharpe import sample
from kraken_pipeline.services.research.space import space

DAY = timedelta(days=1)
BEGUN = datetime(2024, 1, 1, tzinfo=UTC)
WHOLE = Span(since=BEGUN, until=BEGUN + 100 * DAY)
FOLDS = walk_forward(WHOLE, 3, Gap(purge=2 * DAY))
FAST = space(["fast=2:30"])
CONFIGURED: Mapping[str, object] = {"fast": 3, "slow": 50}


class Market:
    """A world in which days are best at `fast` 17, and which remembers what was asked of it."""

    def __init__(self, edge: float = 0.002) -> None:
        self.edge = edge
        self.asked: list[tuple[object, Span]] = []

    def __call__(self, parameters: Mapping[str, object], span: Span) -> Came:
        fast = parameters["fast"]
        assert isinstance(fast, int)
        if fast > 28:
            raise InvalidValueError("fast must be 28 or less")
        self.asked.append((fast, span))
        days = span.length // DAY
        drawn = np.random.default_rng((span.since - BEGUN).days * 1000 + days).normal(0, 0.01, days)
        returns = drawn + self.edge * (1 - abs(fast - 17) / 8)
        return Came(returns=tuple(returns.tolist()), trades=days, grown=0.0, fallen=0.0)


def fitted(market: Market, fold: Fold = FOLDS[0], *, trials: int = 12, seed: int = 1) -> Fitted:
    return fit(market, fold, FAST, CONFIGURED, trials=trials, seed=seed)


def test_the_best_of_what_was_tried_is_chosen() -> None:
    found = fitted(Market())

    assert len(found.trials) == 12
    assert found.chosen.ratio == max(each.ratio for each in found.trials)
    assert abs(int(str(found.chosen.parameters["fast"])) - 17) <= 3
    assert found.chosen.parameters["slow"] == 50


def test_the_choice_never_sees_what_it_is_judged_on() -> None:
    market = Market()
    found = fitted(market, FOLDS[1])

    tried = market.asked[: len(found.trials)]
    assert {span for _, span in tried} == set(FOLDS[1].train)
    assert market.asked[len(found.trials) :] == [
        (found.chosen.parameters["fast"], FOLDS[1].test),
        (CONFIGURED["fast"], FOLDS[1].test),
    ]


def test_the_same_seed_tries_the_same() -> None:
    assert fitted(Market(), seed=4) == fitted(Market(), seed=4)
    assert fitted(Market(), seed=4).trials != fitted(Market(), seed=5).trials


def test_what_is_proposed_twice_is_run_once() -> None:
    market = Market()
    found = fit(market, FOLDS[0], space(["fast=2:5"]), CONFIGURED, trials=30, seed=1)

    assert len(found.trials) == 4
    assert len(market.asked) == 4 + 2


def test_what_is_chosen_by_steps_can_be_configured_as_it_is_read() -> None:
    def came(parameters: Mapping[str, object], span: Span) -> Came:
        return Came(returns=(0.0,), trades=0, grown=0.0, fallen=0.0)

    found = fit(came, FOLDS[0], space(["share=0.1:0.9:0.1"]), {}, trials=9, seed=1)

    tenths = {number / 10 for number in range(1, 10)}
    assert {each.parameters["share"] for each in found.trials} <= tenths


def test_what_the_strategy_refuses_is_counted_and_is_no_trial() -> None:
    found = fit(Market(), FOLDS[0], space(["fast=27:30"]), CONFIGURED, trials=4, seed=1)

    assert {each.parameters["fast"] for each in found.trials} == {27, 28}
    assert found.refused > 0


@pytest.mark.parametrize(
    ("of", "trials", "said"),
    [("fast=29:30", 3, "was refused by the strategy"), ("fast=2:30", 0, "trials is 0")],
)
def test_what_cannot_choose_is_refused(of: str, trials: int, said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        fit(Market(), FOLDS[0], space([of]), CONFIGURED, trials=trials, seed=1)


def test_all_folds_together_tell_what_luck_would_have_done() -> None:
    market = Market(edge=0.0)
    folds = [fitted(market, each) for each in FOLDS]
    judged = judge(market, folds, FAST, WHOLE)

    assert judged.trials == 36
    assert judged.deflated is not None
    assert judged.deflated.chance < 0.95
    returns = np.concatenate([each.came.returns for each in folds])
    known = sample(returns)
    assert known is not None
    assert judged.outside == pytest.approx(known.ratio)
    assert judged.grown == pytest.approx(np.prod(1 + returns) - 1)


def test_trials_of_earlier_searches_count_against_it() -> None:
    market = Market()
    folds = [fitted(market, each) for each in FOLDS]
    alone, after = (
        judge(market, folds, FAST, WHOLE, earlier=each) for each in ((), (0.5, -0.5) * 50)
    )

    assert after.trials == alone.trials + 100
    assert alone.deflated is not None
    assert after.deflated is not None
    assert after.deflated.chance < alone.deflated.chance


def test_the_neighbours_of_the_choice_are_told() -> None:
    market = Market()
    judged = judge(market, [fitted(market, each) for each in FOLDS], FAST, WHOLE)

    assert len(judged.neighbours) == 2
    assert all(abs(each.ratio - judged.stays) < 0.2 for each in judged.neighbours)
