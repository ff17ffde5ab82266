"""What is told of a backtest that is kept, and where parameters are searched for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import Any, Final

from kraken_pipeline.domain.accounting.performance import deepest_fall
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import BPS, PERCENT
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, stretch_of
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest import Result
from kraken_pipeline.services.backtest.rows import fill_of, trip_of
from kraken_pipeline.services.backtest.universes import survivorship
from kraken_pipeline.services.books.report import Traded, traded_of
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.services.research.conduct import Lab, SearchDesk, trial_ratios
from kraken_pipeline.services.research.days import Course, day_returns, days_of
from kraken_pipeline.services.research.folds import Span
from kraken_pipeline.services.research.plan import Wanted
from kraken_pipeline.services.research.search import Came
from kraken_pipeline.services.research.space import Space, Value, ends, space
from kraken_pipeline.services.research.told import Luck, Ran, Told, luck_of, tell
from kraken_pipeline.settings import Loaded
from kraken_pipeline.store.backtests import StoredRun
from kraken_pipeline.store.searches import SearchFiles
from kraken_pipeline.strategies.base import Bars
from kraken_pipeline.wiring import backtest, backtest_asked, backtest_bars
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.tried_by_hand import course_of, ratios_by_hand

_DAY: Final = timedelta(days=1)
MOST_BESIDE: Final = 4
"""Runs that are shown beside one."""
DAILY: Final = TIMEFRAMES["1d"]
SEARCHED: Final = "searched"
"""The name of a run of a search: none is kept."""


def told_of(loaded: Loaded, run: StoredRun) -> Told:
    """Return what is told of a run: its rows, and what holding its pairs would have come to.

    Raises:
        StorageError: its file is damaged.
        ConfigurationError: the stored bars cannot be read.
    """
    ran = ran_of(run)
    bars, _ = backtest_bars.stored_bars(loaded)
    return tell(ran, _priced(bars, ran, list(run.card["pairs"]), _frames(run.card["asked"])))


def backfill(
    loaded: Loaded, frames: Sequence[Timeframe], months: Sequence[str]
) -> tuple[Told, tuple[Told, ...]]:
    """Run the enabled strategies over months, keep it, and return it with the runs before it.

    Args:
        loaded: the configuration.
        frames: on whose closes it is decided, where a strategy is configured to do so.
        months: `YYYY-MM-01`, those between the first and the last with them.

    Raises:
        ConfigurationError: a strategy is configured wrongly, or a store cannot be read.
        InvalidValueError: bars are missing, or no strategy decides on these frames.
        StorageError: it cannot be kept.
    """
    wanted = backtest_asked.Wanted(
        since=datetime.fromtimestamp(stretch_of(min(months))[0], tz=UTC),
        until=datetime.fromtimestamp(stretch_of(max(months))[1], tz=UTC),
        timeframes=tuple(each.name for each in frames),
    )
    before = backtest.backtests(loaded).runs()[-MOST_BESIDE:]
    result = backtest.run_backtest(loaded, wanted, now=system_now())
    others = tuple(told_of(loaded, each) for each in reversed(before))
    return told_of(loaded, backtest.keep(loaded, result)), others


def luck_in(loaded: Loaded, run: StoredRun, told: Told) -> Luck:
    """Return what chance may have done to a run, counting every trial of its strategies.

    Raises:
        ConfigurationError: a search is torn, or the card of another run.
        StorageError: the rows of another run are damaged.
    """
    names = {each["strategy_id"] for each in run.card["asked"]["strategies"]}
    searched = trial_ratios(SearchFiles(loaded.data_dir), names)
    by_hand = ratios_by_hand(backtest.backtests(loaded), names, but=run)
    return luck_of(told, (*searched, *by_hand))


def traded_in(loaded: Loaded, told: Told) -> tuple[Traded, ...]:
    """Return the pairs that were traded with candles around it, those with most fills first.

    Raises:
        ConfigurationError: the stored bars cannot be read.
    """
    from kraken_pipeline.wiring.histories import history_store  # noqa: PLC0415 - Arrow is heavy

    bars = history_store(loaded)
    counts: dict[str, int] = {}
    for each in told.ran.fills:
        counts[each.pair] = counts.get(each.pair, 0) + 1
    ordered = sorted(counts, key=lambda pair: (-counts[pair], pair))
    return tuple(traded_of(bars, pair, told.ran.fills) for pair in ordered)


def ran_of(run: StoredRun) -> Ran:
    """Return a run as it is told of.

    Raises:
        StorageError: its file is damaged.
    """
    card = run.card
    asked, fills = card["asked"], card["asked"]["fills"]
    return Ran(
        run_id=run.run_id,
        since=datetime.fromisoformat(asked["since"]),
        until=datetime.fromisoformat(asked["until"]),
        strategies=tuple(
            f"{each['strategy_id']} on {', '.join(each['timeframes'])}"
            for each in asked["strategies"]
        ),
        asked=MappingProxyType(dict(_asked(card))),
        assumed=(*_assumed(asked), *_believed(card.get("unproven", {}))),
        base_currency=Asset(card["base_currency"]),
        cash=Decimal(asked["cash"]),
        fee=Decimal(asked["fees"]["steps"][0]["taker_pct"]) * PERCENT,
        slippage=Decimal(fills["slippage_bps"]) * BPS,
        seed=asked["seed"],
        course=course_of(run),
        fills=tuple(map(fill_of, run.rows("fills"))),
        trips=tuple(map(trip_of, run.rows("trips"))),
        counts=card["counts"],
        denials=card["denials"],
        faults=tuple(card.get("faults", ())),
        survivors=card["survivorship"],
    )


def _asked(card: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    asked = card["asked"]
    for each in asked["strategies"]:
        parameters = ", ".join(
            f"{name} {value}" for name, value in sorted(each["parameters"].items())
        )
        yield (
            each["strategy_id"],
            f"{each['type']} {each['version']} on {', '.join(each['timeframes'])}: {parameters}",
        )
    yield "pairs", ", ".join(card["pairs"])
    versions = card.get("universes", [])
    if len(versions) > 1:
        since, last = versions[-1]
        yield "universes", f"{len(versions)} as they followed, the last {last} from {since} on"
    yield "cash", f"{asked['cash']} {card['base_currency']}"
    yield "seed", str(asked["seed"])
    for name in ("config_hash", "data_digest", "universe_version", "code_version", "hash"):
        yield name.replace("_", " "), str(card[name])
    if card["halts"]:
        yield "latched", "; ".join(card["halts"])


def _assumed(asked: Mapping[str, Any]) -> Iterator[str]:
    fills = asked["fills"]
    yield (
        f"a close is decided {fills['decides_after_seconds']} s after it, and an order is at the "
        f"exchange {fills['latency_seconds']} s later: nothing fills at the price that was decided "
        "on"
    )
    yield (
        f"bid and ask are {fills['spread_bps']} bps apart, and a taker trades "
        f"{fills['slippage_bps']} bps worse than the better of them: bars have no book"
    )
    share = Decimal(fills["volume_share"]) * 100
    yield f"of what traded in a bar, {share:f} % at most is ours; the rest of an order waits"
    yield "inside a bar the price goes first to the end that lies against the bar's direction"
    yield from _charged(asked["fees"])
    yield "orders are too small to move the market, and the exchange was always there"


def _survivors(first: Universe, since: datetime) -> Iterator[str]:
    """Say where the pairs of a search are those that lived on."""
    if said := survivorship(first, since):
        yield said


def _believed(unproven: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Say which candles are taken not to exist because the archive leaves them out."""
    for name, pairs in unproven.items():
        most = max(pairs, key=lambda pair: pairs[pair])
        yield (
            f"{sum(pairs.values()):,} candles of {name} in {len(pairs)} pairs, most of them of "
            f"{most} ({pairs[most]:,}), had no trade: Kraken's archive leaves them out, and no "
            "page of trades proves it"
        )


def _charged(fees: Mapping[str, Any]) -> Iterator[str]:
    """Say what fills cost, from when on, and who says so."""
    for number, each in enumerate(fees["steps"]):
        tiers = each.get("tiers", ())
        lower = f", less from {tiers[0]['volume']} traded in 30 days on" if tiers else ""
        begun = f" from {each['since'][:10]} on" if number else ""
        yield (
            f"fees{begun} are {each['maker_pct']} % for a maker and {each['taker_pct']} % for a "
            f"taker{lower} ({each.get('source', fees['source'])})"
        )


def _frames(asked: Mapping[str, Any]) -> list[Timeframe]:
    """Return the day, and the timeframes on which was decided: of those bars are stored."""
    decided = {name for each in asked["strategies"] for name in each["timeframes"]}
    named = [TIMEFRAMES[each] for each in {DAILY.name, *decided}]
    return sorted(named, key=lambda each: each.seconds, reverse=True)


def _priced(
    bars: BarReading, ran: Ran, pairs: Sequence[str], frames: Iterable[Timeframe]
) -> Bars | None:
    """Return pairs' bars from the one on that closed as the run began, of the first frame with it.

    Args:
        bars: that are stored.
        ran: the run.
        pairs: our names.
        frames: the longest first: fewer bars tell the same of a day.
    """
    for frame in frames:
        count = (ran.until - ran.since) // frame.length + 1
        found = bars.read(frame, pairs, closed_by=ran.until, count=count)
        first = int((ran.since - frame.length).timestamp())
        if found.opened_at.size and int(found.opened_at[0]) <= first:
            return found
    return None


def days_between(first: str, last: str) -> Span:
    """Return whole days, both ends with them, from `2024-01-01` to `2024-12-31`, UTC.

    Raises:
        InvalidValueError: one is no day.
    """
    since, last_day = _day(first), _day(last)
    return Span(since=since, until=last_day + _DAY)


def _day(text: str) -> datetime:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidValueError(f"{text!r} is no day: write it as 2024-01-31") from error
    return datetime.combine(found, time.min, UTC)


def search_desk(loaded: Loaded) -> SearchDesk:
    """What searching for parameters needs; nothing of it is a run that is kept."""
    return SearchDesk(store=SearchFiles(loaded.data_dir), lab=lambda wanted: lab(loaded, wanted))


def lab(loaded: Loaded, wanted: Wanted) -> Lab:
    """Read the bars of a whole search once, and return how a part of it is tried.

    Raises:
        ConfigurationError: the strategy is configured wrongly, or the bars cannot be read.
        InvalidValueError: bars are missing, there is no universe, or the strategy refuses the end
            of a choice.
    """
    asked = backtest_asked.asked_of(
        loaded.settings,
        backtest_asked.Wanted(
            since=wanted.whole.since,
            until=wanted.whole.until,
            strategies=(wanted.strategy_id,),
            timeframes=(wanted.timeframe,),
            seed=wanted.seed,
        ),
    )
    [configured] = asked.strategies
    # a choice may look farther back than what is configured does
    widest = replace(asked, strategies=(configured, *_extremes(configured, space(wanted.choices))))
    ready = backtest.prepare(loaded, widest, wanted.pairs)

    def attempt(parameters: Mapping[str, object], span: Span) -> Came:
        chosen = replace(configured, parameters=configured.strategy.parameters(parameters))
        tried = replace(asked, since=span.since, until=span.until, strategies=(chosen,))
        return came_of(backtest.run_on(loaded, ready, tried, run_id=SEARCHED))

    return Lab(
        attempt=attempt,
        configured=configured.parameters,
        strategy_type=configured.strategy.name,
        strategy_version=configured.strategy.version,
        config_hash=loaded.hash,
        data_digest=ready.history.digest,
        by_hand=tuple(ratios_by_hand(backtest.backtests(loaded), {wanted.strategy_id})),
        caveats=(*_survivors(ready.universes[0], asked.since), *_believed(ready.unproven)),
    )


def _extremes(configured: Configured, of: Space) -> Iterator[Configured]:
    """Yield a strategy with each choice at either end, so that it is known what it looks at.

    Raises:
        InvalidValueError: an end is refused whatever else is chosen: how far back the choices
            before it look is not known.
    """
    refused: dict[tuple[str, Value], InvalidValueError] = {}
    taken: set[tuple[str, Value]] = set()
    for values in product(*(ends(each) for each in of.values())):
        chosen = dict(zip(of, values, strict=True))
        try:
            parameters = configured.strategy.parameters({**configured.parameters, **chosen})
        except InvalidValueError as refusal:
            refused = dict.fromkeys(chosen.items(), refusal) | refused
            continue
        taken.update(chosen.items())
        yield replace(configured, parameters=parameters)
    for (name, value), why in refused.items():
        if (name, value) not in taken:
            raise InvalidValueError(f"{name}={value} cannot be chosen: {why}")


def came_of(result: Result) -> Came:
    """Return what a search looks at of a run."""
    course = Course(at=result.at, equity=result.equity, exposure=result.exposure)
    days = days_of(course, result.asked.cash)
    returns = day_returns(days)
    return Came(
        returns=tuple(returns.tolist()),
        trades=len(result.trips),
        fills=len(result.fills),
        grown=float(result.final_equity / result.asked.cash - 1),
        fallen=float(deepest_fall([result.asked.cash, *(each.equity for each in days)])),
    )
