"""The ratios of runs that are kept: whoever tries parameters one run at a time tries as well."""

import json
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from kraken_pipeline.services.research.days import Course, day_returns, days_of
from kraken_pipeline.services.research.sharpe import sample
from kraken_pipeline.store.backtests import BacktestFolder, StoredRun


def ratios_by_hand(
    runs: BacktestFolder, strategies: Collection[str], *, but: StoredRun | None = None
) -> Iterator[float]:
    """Yield the Sharpe ratio of a day of each choice of parameters that some kept run tried.

    The same choice over another stretch, with other cash or costs, is no other trial: the newest
    run tells of it.

    Args:
        runs: the folder of runs.
        strategies: ids; a run counts that has one of them.
        but: a run whose choice is left out.

    Raises:
        ConfigurationError: the card of a run is damaged.
        StorageError: the rows of a run are.
    """
    left_out = {_choice(but.card)} if but is not None else set()
    newest: dict[str, StoredRun] = {}
    for each in runs.runs():
        if any(of["strategy_id"] in strategies for of in each.card["asked"]["strategies"]):
            newest[_choice(each.card)] = each
    for choice, each in newest.items():
        if choice in left_out:
            continue
        days = days_of(course_of(each), Decimal(each.card["asked"]["cash"]))
        known = sample(day_returns(days))
        if known is not None:
            yield known.ratio


def course_of(run: StoredRun) -> Course:
    """Return the equity of a run.

    Raises:
        StorageError: its file is damaged.
    """
    rows = [list(row.values()) for row in run.rows("equity")]
    course = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Course(at=course[:, 0].astype(np.int64), equity=course[:, 1], exposure=course[:, 2])


def _choice(card: Mapping[str, Any]) -> str:
    """Name what a run tried."""
    named = ("strategy_id", "type", "version", "timeframes", "parameters")
    tried = [{name: each[name] for name in named} for each in card["asked"]["strategies"]]
    return json.dumps(tried, sort_keys=True)
