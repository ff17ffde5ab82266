"""What a strategy did on paper beside a backtest of the same days, timeframe by timeframe (STG-7).

The trading database is opened so that it cannot be written to.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import dropwhile
from typing import Final

from kraken_pipeline.domain.book_steps import walked
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Outcome
from kraken_pipeline.domain.lifecycle import OPENING
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.parity import (
    WAITING,
    Close,
    Execution,
    Parity,
    answer_of,
    parity,
    wished,
)
from kraken_pipeline.domain.proofs import Subject
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.backtest import Result
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.settings import Loaded
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.courses import WISHED_FOR, Recorded, course
from kraken_pipeline.store.database import Database, read_only
from kraken_pipeline.wiring.backtest import run_backtest
from kraken_pipeline.wiring.backtest_asked import Wanted
from kraken_pipeline.wiring.configured import stage_of, subjects
from kraken_pipeline.wiring.modes import REAL, books_of

NOT_PAPER: Final = (
    "these books are of real money: show it on paper, and take it over with "
    "`kraken-pipeline strategy proofs ID --adopt FOLDER`"
)
NO_BOOKS: Final = "nothing was ever decided on paper in this data folder: run it there"
WHOSE_BOOKS: Final = {REAL: NOT_PAPER, "": NO_BOOKS}
"""Whose books show nothing of paper, with what helps."""
NOTHING: Final = "paper decided {} closes with this version and these parameters: run it there"
NO_EQUITY: Final = "nobody knows what the account was worth then: `kraken-pipeline reconcile`"
HELD: Final = (
    "it held {} as the stretch begins, and a backtest begins with nothing: leave --days out, or "
    "name as many that it begins where nothing is held"
)


def compare(
    loaded: Loaded, of: Configured, *, days: int | None, now: datetime
) -> Mapping[str, Parity | str]:
    """Compare each timeframe of a strategy, or say why it cannot be.

    Args:
        loaded: the configuration of paper.
        of: the strategy, as it is now: what it did as another version, or with other parameters,
            does not count.
        days: how many of the last ones; None for all.
        now: names the run.

    Raises:
        ConfigurationError: the books cannot be read, or a strategy is configured wrongly.
    """
    why = WHOSE_BOOKS.get(books_of(loaded.data_dir))
    if why is not None:
        return dict.fromkeys(of.timeframes, why)
    with closing(read_only(loaded.database_url)) as database:
        stretches = {
            each.timeframe: _stretch(course(database, each.strategy_id, each.timeframe), each, days)
            for each in subjects(of)
        }
        known = {name: closes for name, closes in stretches.items() if len(closes) > 1}
        found: dict[str, Parity | str] = {
            name: NOTHING.format(len(closes)) for name, closes in stretches.items()
        }
        if not known:
            return found
        begins = {name: closes[0].closed_at for name, closes in known.items()}
        held = {name: _held(database, of.strategy_id, name, at) for name, at in begins.items()}
        cash = _equity(database, min(begins.values()))
    if cash is None:
        return found | dict.fromkeys(known, NO_EQUITY)
    try:
        ran = run_backtest(loaded, _wanted(loaded, of, known, cash), now=now)
    except InvalidValueError as refused:
        return found | dict.fromkeys(known, str(refused))
    for name, closes in known.items():
        there = closes_of(ran, of.strategy_id, name)
        compared = parity(closes[:-1], there, length=timeframe(name).length)
        found[name] = HELD.format(held[name]) if held[name] else compared
    return found


def closes_of(ran: Result, strategy_id: str, frame: str) -> Mapping[datetime, Close]:
    """Return the closes of a backtest at which a strategy wished for anything, or skipped."""
    answers = {
        each.intent_id: answer_of([said.code for said in each.objections])
        for plan in ran.plans
        for each in plan.verdicts
    }
    ended = {each.kraken_order_id: each.at for each in ran.fills}
    executions: defaultdict[str, list[Execution]] = defaultdict(list)
    for order in ran.orders:
        if order.purpose.value in WISHED_FOR:
            at = ended.get(order.kraken_order_id or "")
            traded = Execution(qty=order.filled_qty, price=order.avg_fill_price, at=at)
            executions[order.intent_id].append(traded)
    return {
        each.closed_at: Close(
            closed_at=each.closed_at,
            skipped=each.reason if each.outcome is Outcome.SKIPPED else "",
            wishes=tuple(
                wished(one, answers.get(one.intent_id, WAITING), executions[one.intent_id])
                for one in each.intents
            ),
        )
        for each in ran.decisions
        if (each.strategy_id, each.timeframe) == (strategy_id, frame)
    }


def _stretch(recorded: Sequence[Recorded], of: Subject, days: int | None) -> list[Close]:
    """Return the closes since the strategy is as it is now, the last days of them."""
    backwards = list(reversed(recorded))
    other = next((at for at, each in enumerate(backwards) if _is_other(each, of)), len(backwards))
    closes = [each.close for each in reversed(backwards[:other])]
    if days is not None and closes:
        since = closes[-1].closed_at - timedelta(days=days)
        closes = [each for each in closes if each.closed_at > since]
    # what was not looked at before the first that was tells nothing
    return list(dropwhile(lambda each: bool(each.skipped), closes))


def _is_other(recorded: Recorded, of: Subject) -> bool:
    return (
        recorded.version != of.version
        or recorded.type not in {None, of.type}
        or recorded.parameters not in {None, of.parameters}
    )


def _held(database: Database, strategy_id: str, frame: str, at: datetime) -> str:
    """Say what the book held before an instant; nothing where it held nothing."""
    book = book_of(strategy_id, frame)
    found = []
    for place, steps in SqlBookStore(database).steps().items():
        if place[0] == book:
            after = [now for _, now in walked(place, [each for each in steps if each.at < at])]
            if after and after[-1].qty:
                found.append(f"{plain(after[-1].qty)} {place[1]}")
    return ", ".join(found)


def _equity(database: Database, at: datetime) -> Decimal | None:
    """Return what the account was worth then, as near as it is known; None where it is not."""
    books = SqlBookStore(database)
    snapshot = books.snapshot_before(at)
    if snapshot is not None:
        return snapshot.equity
    return next((each.equity for each in books.days_since(at.date())), None)


def _wanted(
    loaded: Loaded, of: Configured, known: Mapping[str, Sequence[Close]], cash: Decimal
) -> Wanted:
    """Return the backtest of all that shared the caps then."""
    return Wanted(
        # a run decides a close at which it begins
        since=min(closes[0].closed_at for closes in known.values()),
        until=max(closes[-1].closed_at for closes in known.values()),
        strategies=tuple(dict.fromkeys([of.strategy_id, *_beside(loaded)])),
        cash=cash,
    )


def _beside(loaded: Loaded) -> Iterator[str]:
    settings = loaded.settings
    return (each for each in settings.strategies.running() if stage_of(settings, each) in OPENING)
