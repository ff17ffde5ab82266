"""A backtest of the configuration: its strategies, its risk, its bars, and an account of its own.

The trading database is opened once, so that it can not be written to, for the universe alone; what
a run decides and orders is kept in memory and ends in a folder of its own (BT-1, DAG-6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.lifecycle import never_barred
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest import (
    Backtest,
    History,
    Result,
    Rules,
    Run,
    Sending,
)
from kraken_pipeline.services.backtest.habits import Habits, days_needed
from kraken_pipeline.services.backtest.rows import tables_of
from kraken_pipeline.services.backtest.universes import managed_within, pairs_of
from kraken_pipeline.services.bars.coverage import Certificates
from kraken_pipeline.services.risk.assess import BenchDesk
from kraken_pipeline.settings import Loaded
from kraken_pipeline.store.backtests import BacktestFolder, StoredRun
from kraken_pipeline.wiring.backtest_asked import Wanted, asked_of
from kraken_pipeline.wiring.backtest_bars import (
    read_history,
    require_whole,
    stored_bars,
    watched_bars,
)
from kraken_pipeline.wiring.code_stamp import code_stamp
from kraken_pipeline.wiring.collecting import without_collecting
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
