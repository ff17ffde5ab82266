"""A backtest of the configuration: its strategies, its risk, its bars, and an account of its own.

The trading database is opened once, so that it can not be written to, for the universe alone; what
a run decides and orders is kept in memory and ends in a folder of its own (BT-1, DAG-6).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.lifecycle import TESTED, never_barred
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, last_close, timeframe
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest import (
    Backtest,
    FeeSchedule,
    FeeStep,
    FeeTier,
    FillModel,
    History,
    Result,
    Rules,
    Run,
    Sending,
)
from kraken_pipeline.services.backtest.habits import DAILY, Habits, days_needed
from kraken_pipeline.services.backtest.rows import tables_of
from kraken_pipeline.services.backtest.universes import managed_within, pairs_of
from kraken_pipeline.services.bars.certified import BELIEVED, Absences, absences
from kraken_pipeline.services.bars.coverage import Certificates
from kraken_pipeline.services.bars.renamed_bars import FollowedBars
from kraken_pipeline.services.bars.renamed_history import FollowedCertificates
from kraken_pipeline.services.deciding.decide import Configured
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.services.risk.assess import BenchDesk
from kraken_pipeline.settings import Loaded, Settings
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.settings.fee_ladders import FeeLadder
from kraken_pipeline.store.backtests import BacktestFolder, StoredRun
from kraken_pipeline.store.bar_kinds import open_shelf, require_kind
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.strategies.base import Bars
from kraken_pipeline.wiring.code_stamp import code_stamp
from kraken_pipeline.wiring.collecting import without_collecting
from kraken_pipeline.wiring.configured import configured, configured_strategies, stage_of
from kraken_pipeline.wiring.evaluation import Bounds
from kraken_pipeline.wiring.risk_rules import (
    allocation_rules,
    calm_of,
    kill_switches,
    limits,
    measured,
    protections,
    stop_style,
    universe_rules,
    wants_stops,
)
from kraken_pipeline.wiring.run_universes import listing_of, universes_of
from kraken_pipeline.wiring.styles import strategy_styles, usual_style

LOOKS_EVERY: Final = 64
"""Closes of a run between two looks at how much memory the process has: each takes a while."""
MOST_NAMED: Final = 3
"""Pairs that are named in an error."""
MOST_OFFERED: Final = 12
"""Pairs that are named in its remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A backtest as a person asks for it. What is left out is as configured."""

    since: datetime
    until: datetime
    strategies: Sequence[str] = ()
    """Ids as configured, or of any built-in; none for all that run."""
    timeframes: Sequence[str] = ()
    """Names of those to decide on; none for those configured. Where no strategy is named, each
    decides on those among them that it is configured for."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """In place of configured ones, of each strategy."""
    pairs: Sequence[str] = ()
    """Our names; none for the universe of then."""
    cash: Decimal = Decimal(10_000)
    model: FillModel = field(default_factory=FillModel)
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a run stands on, read once: any number of runs may follow within the same stretch."""

    universes: tuple[Universe, ...]
    """Those in force during the stretch, oldest first."""
    history: History
    certificates: Certificates
    unproven: Mapping[str, Mapping[str, int]]
    """Timeframe to pair to how many bars the archive alone says that they do not exist."""


def run_backtest(loaded: Loaded, wanted: Wanted, *, now: datetime) -> Result:
    """Run a backtest; nothing is kept of it.

    Args:
        loaded: the configuration.
        wanted: what is asked.
        now: for its name.

    Raises:
        ConfigurationError: a strategy is configured wrongly, or a store cannot be read.
        InvalidValueError: what is asked cannot be run: no universe, or bars are missing; the
            message says which, and what to do.
    """
    asked = asked_of(loaded.settings, wanted)
    ready = prepare(loaded, asked, wanted.pairs)
    run_id = f"{now:%Y%m%dT%H%M%S}-{digest([described(asked), ready.history.digest])[:8]}"
    return run_on(loaded, ready, asked, run_id=run_id)


def prepare(loaded: Loaded, asked: Backtest, pairs: Sequence[str] = ()) -> Ready:
    """Read what a run stands on, and see that nothing of it is missing.

    Args:
        loaded: the configuration.
        asked: the run, or one that looks at all that several look at.
        pairs: our names; none for the universe of then.

    Raises:
        ConfigurationError: a store cannot be read.
        InvalidValueError: there is no universe, or bars are missing; the message says which.
    """
    universes = universes_of(loaded, asked.since, asked.until, pairs)
    _require_quoted(universes, loaded.settings.portfolio.base_currency)
    bars, certificates = stored_bars(loaded)
    usual = days_needed(universe_rules(loaded.settings))
    names = [each.name for each in pairs_of(universes)]
    also = watched_bars(loaded.settings)
    history = read_history(bars, asked, names, usual=usual, also=also)
    unproven = require_whole(history, asked, certificates, managed_within(universes, asked.until))
    return Ready(universes=universes, history=history, certificates=certificates, unproven=unproven)


def _require_quoted(universes: Sequence[Universe], base_currency: str) -> None:
    """Refuse a run whose cash buys nothing."""
    quotes = sorted({each.quote for each in pairs_of(universes)})
    if quotes and base_currency not in quotes:
        raise InvalidValueError(
            f"a run begins with {base_currency} (portfolio.base_currency), and its pairs are "
            f"quoted in {', '.join(quotes)}: nothing could be bought. Take pairs quoted in "
            f"{base_currency} into the universe (universe.filters.quote), or another base currency"
        )


def run_on(loaded: Loaded, ready: Ready, asked: Backtest, *, run_id: str) -> Result:
    """Run a backtest on what was read; nothing is kept of it."""
    # one that is tried has the caps, the weight and the orders that it would have if it ran
    settings = loaded.settings.running_also(each.strategy_id for each in asked.strategies)
    rules = rules_of(
        replace(loaded, settings=settings), ready.universes, ready.history, run_id=run_id
    )
    with without_collecting():
        result = Run(asked, rules, ready.history, ready.certificates).run()
    return replace(result, unproven=ready.unproven)


def keep(loaded: Loaded, result: Result) -> StoredRun:
    """Keep a run in the data folder.

    Raises:
        StorageError: it cannot be written.
    """
    with without_collecting():
        return backtests(loaded).keep(result.run_id, card_of(result), tables_of(result))


def backtests(loaded: Loaded) -> BacktestFolder:
    """Return the runs that are kept."""
    return BacktestFolder(loaded.data_dir)


def card_of(result: Result) -> dict[str, Any]:
    """Return what was asked of a run and what came, to be kept as JSON."""
    return {
        "run_id": result.run_id,
        "asked": described(result.asked),
        "config_hash": result.config_hash,
        "data_digest": result.data_digest,
        "universe_version": result.universe_version,
        "universes": [[f"{since:%F %H:%M}", version] for since, version in result.universes],
        "pairs": list(result.pairs),
        "survivorship": result.survivorship,
        "unproven": {name: dict(each) for name, each in result.unproven.items()},
        "code_version": code_stamp(),
        "counts": dict(result.counts),
        "denials": dict(sorted(result.denials.items())),
        "halts": [str(each) for each in result.halts],
        "faults": list(result.faults),
        "final_cash": str(result.final_cash),
        "final_equity": str(result.final_equity),
        "base_currency": result.base_currency,
        "hash": result.hash,
    }


def described(asked: Backtest) -> dict[str, Any]:
    """Return what is asked, for a person and for a name."""
    model = asked.model
    return {
        "since": asked.since.isoformat(),
        "until": asked.until.isoformat(),
        "cash": str(asked.cash),
        "seed": asked.seed,
        "strategies": [
            {
                "strategy_id": each.strategy_id,
                "type": each.strategy.name,
                "version": each.strategy.version,
                "timeframes": list(each.timeframes),
                "parameters": {name: str(value) for name, value in each.parameters.items()},
            }
            for each in asked.strategies
        ],
        "fees": {
            "source": asked.fees.source,
            "steps": [
                {
                    "since": each.since.isoformat(),
                    "maker_pct": str(each.rates.maker_pct),
                    "taker_pct": str(each.rates.taker_pct),
                    "source": each.source,
                    "tiers": [
                        {
                            "volume": str(tier.volume),
                            "maker_pct": str(tier.rates.maker_pct),
                            "taker_pct": str(tier.rates.taker_pct),
                        }
                        for tier in each.tiers
                    ],
                }
                for each in asked.fees.steps
            ],
        },
        "fills": {
            "decides_after_seconds": str(model.decides_after.total_seconds()),
            "latency_seconds": str(model.latency.total_seconds()),
            "spread_bps": str(model.spread_bps),
            "slippage_bps": str(model.slippage_bps),
            "volume_share": str(model.volume_share),
        },
    }


def asked_of(settings: Settings, wanted: Wanted) -> Backtest:
    """Return what is asked, with the strategies as they are configured.

    Raises:
        ConfigurationError: a strategy is configured wrongly, or not at all.
        InvalidValueError: the stretch or an amount makes no sense.
    """
    return Backtest(
        since=wanted.since,
        until=wanted.until,
        strategies=_strategies(settings, wanted),
        cash=wanted.cash,
        model=wanted.model,
        fees=fees_of(settings).within(wanted.since, wanted.until),
        seed=wanted.seed,
    )


def fees_of(settings: Settings) -> FeeSchedule:
    """Return the ladders that the configuration tells of, and what is assumed before them."""
    fees = settings.fees
    assumed = FeeRates(maker_pct=fees.assumed_maker_pct, taker_pct=fees.assumed_taker_pct)
    return FeeSchedule(
        steps=[FeeStep(since=EPOCH, rates=assumed), *(_step(each) for each in fees.ladders)]
    )


def _step(ladder: FeeLadder) -> FeeStep:
    tiers = [
        FeeTier(
            volume=each.volume_usd,
            rates=FeeRates(maker_pct=each.maker_pct, taker_pct=each.taker_pct),
        )
        for each in ladder.tiers
    ]
    return FeeStep(
        since=datetime.fromisoformat(ladder.since).replace(tzinfo=UTC),
        rates=tiers[0].rates,
        source=ladder.source,
        tiers=tiers[1:],
    )


def stored_bars(loaded: Loaded) -> tuple[BarReading, Certificates]:
    """Return the bars that are kept and what is known of them, each asset under its name of now.

    Raises:
        ConfigurationError: the folder has bars of another kind.
    """
    from kraken_pipeline.store.bars import ShelvedBars  # noqa: PLC0415 - Arrow is heavy

    kind = loaded.settings.market_data.ohlc_store.backend
    require_kind(loaded.bars_dir, kind)
    known = aliases(loaded.settings)
    bars = FollowedBars(ShelvedBars(open_shelf(loaded.bars_dir, kind)), known)
    return bars, FollowedCertificates(CertificateFiles(loaded.bars_dir), known)


def watched_bars(settings: Settings) -> Mapping[str, int]:
    """Return how many bars before a close, by timeframe, are looked at beside the strategies."""
    found: dict[str, int] = {}
    market, calm = measured(settings), calm_of(settings)
    if market is not None:
        found[market.frame.name] = market.bars
    if calm is not None:
        count = calm.needed(protections(settings))
        found[calm.frame.name] = max(found.get(calm.frame.name, 0), count)
    return found


def read_history(
    bars: BarReading,
    asked: Backtest,
    pairs: Sequence[str],
    *,
    usual: int,
    also: Mapping[str, int],
) -> History:
    """Read every bar that a run may look at, with those before it that its indicators need.

    Args:
        bars: that are stored.
        asked: which stretch.
        pairs: our names.
        also: bars of timeframes that are looked at beside what the strategies see.
        usual: how many daily bars tell what is usual; as many of them are read as there are.

    Raises:
        InvalidValueError: of a timeframe no bar is stored, or none that is old enough.
    """
    panels: dict[str, Bars] = {}
    for name in TIMEFRAMES:
        before = max(asked.needed.get(name, 0), also.get(name, 0))
        if not before:
            continue
        panels[name] = _read(bars, name, asked, pairs, before)
        _require_old_enough(panels[name], before, asked)
    known = max(asked.needed.get(DAILY, 0), also.get(DAILY, 0))
    daily = _read(bars, DAILY, asked, pairs, max(usual, known))
    return History({**panels, DAILY: daily} if len(daily.opened_at) else panels)


def _read(bars: BarReading, name: str, asked: Backtest, pairs: Sequence[str], before: int) -> Bars:
    frame = TIMEFRAMES[name]
    first = last_close(frame, asked.since)
    count = int((last_close(frame, asked.until) - first) / frame.length) + before
    return bars.read(frame, pairs, closed_by=asked.until, count=count)


def _require_old_enough(bars: Bars, before: int, asked: Backtest) -> None:
    name = bars.frame.name
    if not len(bars.opened_at):
        raise InvalidValueError(
            f"no bar of {name} is stored that closed by {asked.until:%F}: `kraken-pipeline history "
            "fetch` and `history import` bring them"
        )
    first = EPOCH + timedelta(seconds=int(bars.opened_at[0])) + before * bars.frame.length
    if first > asked.since + bars.frame.length:
        raise InvalidValueError(
            f"bars of {name} are stored so that {before} of them are there from {first:%F %H:%M} "
            "on: begin then, or fetch older ones with `kraken-pipeline history fetch`"
        )


def require_whole(
    history: History,
    asked: Backtest,
    certificates: Certificates,
    managed: Mapping[str, tuple[datetime, datetime]],
) -> Mapping[str, Mapping[str, int]]:
    """Refuse a run on bars that are missing for no reason that is known (HIS-3).

    Args:
        history: what was read.
        asked: the run.
        certificates: why bars are missing.
        managed: from when until when pairs are in a universe; one that is not there always is.

    Returns:
        How many bars the exchange's archive alone says that they do not exist, by timeframe and
        pair.

    Raises:
        InvalidValueError: some are; the message names the first and how to get them.
    """

    def absent(since: datetime, until: datetime) -> Absences:
        panels = list(_looked_at(history, asked, since, until))
        return absences(panels, until, certificates, enough=BELIEVED)

    found = absent(asked.since, asked.until)
    lacking = {}
    for pair, why in found.uncertified.items():
        begun, ended = managed.get(pair, (asked.since, asked.until))
        within = max(begun, asked.since), min(ended, asked.until)
        if within == (asked.since, asked.until):
            lacking[pair] = why
        # what was not listed yet, or not any more, has no bars and needs none
        elif later := absent(*within).uncertified.get(pair):
            lacking[pair] = later
    if lacking:
        named = "; ".join(f"{pair}: {why}" for pair, why in list(lacking.items())[:MOST_NAMED])
        raise InvalidValueError(
            f"{len(lacking)} pairs lack bars that nobody knows not to exist, so that a run would "
            f"decide on other bars than life did. {named}. Fetch them, {_shorter(history, asked)}, "
            f"or {_left([each for each in history.pairs if each not in lacking])}"
        )
    return found.unproven


def _shorter(history: History, asked: Backtest) -> str:
    """Say which stretch may have all its bars."""
    frames = [history.panels[name] for name in asked.decided_on]
    ends = min(int(each.opened_at[-1]) + each.frame.seconds for each in frames)
    told = EPOCH + timedelta(seconds=ends)
    if told >= asked.until:
        return "take a shorter stretch"
    last = (told - timedelta(days=1)).date()
    return f"end with {last}, as nothing is stored that closed after {told:%F %H:%M}"


def _looked_at(
    history: History, asked: Backtest, since: datetime, until: datetime
) -> Iterator[tuple[Bars, int]]:
    """Yield the bars of each timeframe, and how many of them a stretch looks at."""
    for name, before in asked.needed.items():
        frame = TIMEFRAMES[name]
        first = last_close(frame, since) - before * frame.length
        yield history.panels[name], int((last_close(frame, until) - first) / frame.length)


def _left(whole: Sequence[str]) -> str:
    """Say how to run on the pairs that lack nothing."""
    if not whole:
        return "import Kraken's archive"
    more = f" (and {len(whole) - MOST_OFFERED} more)" if len(whole) > MOST_OFFERED else ""
    named = " ".join(f"--pair {each}" for each in whole[:MOST_OFFERED])
    return f"leave the pairs out; those that lack nothing are {named}{more}"


def rules_of(
    loaded: Loaded, universes: Sequence[Universe], history: History, *, run_id: str
) -> Rules:
    """Return what holds in a run: what the configuration says, for the pairs of universes."""
    settings = loaded.settings
    execution = settings.execution
    base_currency = Asset(settings.portfolio.base_currency)
    return Rules(
        bench=BenchDesk(
            limits=limits(settings),
            strategy_caps={
                each: settings.strategy_cap_pct(each) for each in settings.strategies.running()
            },
            style=usual_style(settings),
            strategy_styles=strategy_styles(settings),
            base_currency=base_currency,
            panic_is_latched=False,
            unacknowledged=(),
            allowed=None,
            barred=never_barred,
            parts={},
            # stops that Kraken would make with a fill follow it here one latency later
            kraken_stops=None,
            config_hash=loaded.hash,
        ),
        sending=Sending(
            deadline=timedelta(seconds=execution.submit_deadline_seconds),
            max_plan_age=timedelta(seconds=execution.max_plan_age_seconds),
            min_notional=execution.min_order_notional_usd,
            funds_cooldown=timedelta(seconds=execution.funds_cooldown_seconds),
            max_at_exchange=execution.max_concurrent_orders,
        ),
        stops=stop_style(settings) if wants_stops(settings) else None,
        switches=kill_switches(settings),
        qty_caps=settings.risk.max_order_qty,
        allocation=allocation_rules(settings, {}),
        measured=measured(settings),
        protections=protections(settings),
        calm=calm_of(settings),
        habits=Habits(
            history,
            rules=universe_rules(settings),
            compares=settings.risk.max_per_cluster_pct is not None,
        ),
        listing=listing_of(pairs_of(universes)),
        universes=tuple(universes),
        base_currency=base_currency,
        evaluate=Bounds(
            None,
            seconds=settings.strategies.evaluation_seconds,
            megabytes=settings.strategies.evaluation_memory_mb,
            looks_every=LOOKS_EVERY,
        ),
        most_faults=settings.strategies.quarantine_after,
        config_hash=loaded.hash,
        run_id=run_id,
    )


def _strategies(settings: Settings, wanted: Wanted) -> tuple[Configured, ...]:
    found = [
        _with_frames(_with_parameters(each, wanted), wanted)
        for each in _tested(settings, wanted.strategies)
    ]
    deciding = tuple(each for each in found if each.timeframes)
    if found and not deciding:
        raise InvalidValueError(
            f"no strategy decides on {', '.join(wanted.timeframes)}: name one with another "
            "timeframe, or enable one under strategies"
        )
    return deciding


def _tested(settings: Settings, names: Sequence[str]) -> Sequence[Configured]:
    """Return the strategies of some ids, or all that run; none that is retired (STG-7)."""
    retired = [each for each in names if stage_of(settings, each) not in TESTED]
    if retired:
        raise InvalidValueError(
            f"{', '.join(retired)} is retired: name another strategy, or give it another stage "
            f"(strategies.configs.{retired[0]}.stage)"
        )
    if names:
        return [configured(settings, each) for each in dict.fromkeys(names)]
    running = configured_strategies(settings)
    return [each for each in running if stage_of(settings, each.strategy_id) in TESTED]


def _with_parameters(of: Configured, wanted: Wanted) -> Configured:
    if not wanted.parameters:
        return of
    checked = of.strategy.parameters({**of.parameters, **wanted.parameters})
    return replace(of, parameters=checked)


def _with_frames(of: Configured, wanted: Wanted) -> Configured:
    if not wanted.timeframes:
        return of
    names = dict.fromkeys(timeframe(each).name for each in wanted.timeframes)
    possible = of.strategy.timeframes if wanted.strategies else of.timeframes
    return replace(of, timeframes=tuple(each for each in names if each in possible))
