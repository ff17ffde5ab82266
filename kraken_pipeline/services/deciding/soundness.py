"""Whether the configured strategies look ahead, or at too few bars, on the bars that are stored."""

from collections.abc import Mapping
from typing import Final

from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.deciding.decide import DecisionDesk
from kraken_pipeline.services.deciding.evaluate import bounded
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.strategies.checks import Outcome, Trial, bars_for, tried

FAULTS: Final = 3
"""In a row, after which one that is tried is not asked any more."""


def soundness(desk: DecisionDesk, frame: Timeframe, *, closes: int) -> Mapping[str, Outcome]:
    """Try every configured strategy of a timeframe on its last stored closes (P-16, P-17, STG-3).

    Nothing is written.

    Args:
        desk: whose strategies and bars they are.
        frame: on whose closes they decide.
        closes: how many of the last closes are tried, as far as they are stored.

    Returns:
        What came of each, by strategy id; nothing without a universe.
    """
    universe = desk.universes.latest()
    if universe is None:
        return {}
    return {
        each.strategy_id: tried(_trial(desk, each, frame, universe, closes))
        for each in desk.strategies
        if frame.name in each.timeframes
    }


def _trial(
    desk: DecisionDesk, configured: Configured, frame: Timeframe, universe: Universe, closes: int
) -> Trial:
    needs = {frame.name: 1, **configured.strategy.needs(frame.name, configured.parameters)}
    pairs, now = tuple(each.name for each in universe.managed), desk.clock()
    counts = bars_for(needs, frame, closes=closes)
    return Trial(
        strategy=bounded(
            configured.strategy,
            desk.evaluate,
            name=book_of(configured.strategy_id, f"{frame.name}.tried"),
            most=FAULTS,
        ),
        parameters=configured.parameters,
        frame=frame,
        panels={
            name: desk.bars.read(
                TIMEFRAMES[name], pairs, closed_by=last_close(TIMEFRAMES[name], now), count=count
            )
            for name, count in counts.items()
        },
        closes=closes,
    )
