"""Do what was planned of a history: tails first, then trades, the fewest calls first."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from kraken_pipeline.domain.errors import ConflictError, ExchangeError, InvalidValueError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.bars.plan_history import Plan, TradesRun
from kraken_pipeline.services.bars.rebuild import SECOND, RebuildDesk, Rebuilt, rebuild
from kraken_pipeline.services.bars.tails import Fetched, TailDesk, fetch_tails


@dataclass(slots=True, kw_only=True)
class Done:
    """What came of a plan."""

    tails: Fetched
    rebuilt: list[Rebuilt] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    """Pair to what of it could not be had, and why; it is planned again the next time."""

    @property
    def calls(self) -> int:
        """Calls that were made."""
        return self.tails.calls + sum(each.calls for each in self.rebuilt)


def fetch(
    tails: TailDesk,
    trades: RebuildDesk,
    plan: Plan,
    *,
    now: datetime,
    progress: Callable[[int], None],
) -> Done:
    """Fetch what a plan says. What a pair cannot be told stops no other.

    Args:
        tails: to fetch tails.
        trades: to read trades; its own progress is not used.
        plan: made of what is stored now.
        now: on the exchange's clock.
        progress: told how many of the planned calls are done, more each time.

    Raises:
        ConflictError: another process is fetching tails.
        ConfigurationError: the store cannot be read or written.
    """
    done = Done(tails=fetch_tails(tails, plan.pairs, now=now))
    done.failures |= done.tails.failures
    done.failures |= {each.pair.name: each.fault for each in plan.pairs if each.fault}
    runs = [(run, each.pair) for each in plan.pairs for run in each.runs]
    before = plan.tail_calls
    for run, pair in sorted(runs, key=lambda each: each[0].calls):
        desk = replace(trades, progress=_share(run, before, progress))
        _read(desk, run, pair, done, now)
        before += run.calls
        progress(before)
    return done


def _read(desk: RebuildDesk, run: TradesRun, pair: Pair, done: Done, now: datetime) -> None:
    since, until = (EPOCH + each * SECOND for each in (run.first, run.until))
    try:
        done.rebuilt.append(rebuild(desk, pair, since=since, until=until, now=now))
    except (ExchangeError, InvalidValueError, ConflictError) as error:
        done.failures[pair.name] = str(error)


def _share(
    run: TradesRun, before: int, progress: Callable[[int], None]
) -> Callable[[int, int, int], None]:
    """Tell the part of a run that is done as calls: how many it will be is only guessed."""
    return lambda _, done, due: progress(before + run.calls * done // max(due, 1))
