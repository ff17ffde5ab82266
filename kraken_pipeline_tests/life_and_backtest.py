"""A stretch lived by schedule and sensor, and run again as a backtest, told alike."""

import contextlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import dagster as dg

from kraken_pipeline.defs.closes import asked_of, refresh_and_decide
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.backtest import FillModel, Result, Run
from kraken_pipeline.settings import load
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline.wiring.backtest import prepare, rules_of
from kraken_pipeline.wiring.backtest_asked import Wanted
from kraken_pipeline.wiring.backtest_asked import asked_of as backtest_of
from kraken_pipeline.wiring.exchange import KEY, SECRET
from kraken_pipeline_tests.defs.runs import QUIET, Runs, failures_of
from kraken_pipeline_tests.paper_market import PaperMarket
from kraken_pipeline_tests.services.backtest.simulated import SimulatedExchange

AFTER = timedelta(seconds=10)
"""How long after a close everything happens, in life and in the backtest."""
LIMITS = """
risk:
  max_per_strategy_pct: {trend_core: 30}
  max_gross_exposure_pct: 25
  max_per_asset_pct: 12
  max_open_positions: 2
"""


def configuration(*frames: str) -> str:
    """Return what lets a strategy trade on some timeframes."""
    return f"""
strategies:
  enabled: [trend_core]
  configs:
    trend_core:
      timeframes: [{", ".join(frames)}]
      params: {{profile: aggressive, min_strength_bps: 1, daily_filter: false}}
{LIMITS}"""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was decided, answered and ordered, without the names of runs and times of writing."""

    decisions: Sequence[Mapping[str, Any]]
    intents: Sequence[Mapping[str, Any]]
    verdicts: Sequence[Mapping[str, Any]]
    orders: Sequence[Mapping[str, Any]]
    halts: Sequence[Mapping[str, Any]]

    @property
    def wished(self) -> Sequence[Mapping[str, Any]]:
        """The decisions that wished for something: a backtest counts the others, and keeps none."""
        return [each for each in self.decisions if each["outcome"] != "no_signal"]


def differences(life: Told, again: Told) -> list[str]:
    """Return what differs, each with what life and the backtest say of it."""
    found = []
    for name in ("wished", "intents", "verdicts", "orders", "halts"):
        lived, repeated = getattr(life, name), getattr(again, name)
        for number, (one, other) in enumerate(zip_longest(lived, repeated)):
            if one != other:
                found.append(f"{name} {number}: {_apart(one, other)}")
    return found


def _apart(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> str:
    """Say what differs between two rows, one of which may be missing."""
    if one is None or other is None:
        return f"lived {one}, repeated {other}"
    names = [each for each in {**one, **other} if one.get(each) != other.get(each)]
    parts = []
    for name in names:
        lived, repeated = one.get(name), other.get(name)
        if isinstance(lived, Mapping) and isinstance(repeated, Mapping):
            parts.append(f"{name}: {_apart(lived, repeated)}")
        else:
            parts.append(f"{name}: lived {lived}, repeated {repeated}")
    return "; ".join(parts)


def recorded_market(
    root: Path, recorded: Path, at: datetime, pairs: Sequence[str], frames: Sequence[str]
) -> dict[str, Any]:
    """Fill a folder with universe, bars and books of what was recorded, nothing decided.

    Args:
        root: the folder.
        recorded: the candles' folder.
        at: when life begins.
        pairs: of which there are candles then.
        frames: timeframes that are decided.

    Returns:
        What a simulator of the same market is told.
    """
    told: dict[str, Any] = {"replay": recorded, "at": at}
    (root / "config").mkdir(parents=True)
    named = ", ".join(pairs)
    universe = f"universe: {{include_pairs: [{named}], min_24h_volume_usd: 0}}\n"
    (root / "config" / "config.yaml").write_text(universe + configuration(*frames))
    settings = Settings(folder=root / "simulator", key=KEY, secret=SECRET, clock="fixed", **told)
    with simulated(settings) as served, PaperMarket(root=root, served=served).pipeline() as first:
        first.refresh_universe()
        for name in TIMEFRAMES:
            if name in {*frames, "1h", "1d"}:
                first.refresh_bars(TIMEFRAMES[name])
        first.keep_books()
    return told


def closes_from(first: datetime, count: int, frame: str) -> list[datetime]:
    """Return the closes of a timeframe one after the other."""
    return [first + each * TIMEFRAMES[frame].length for each in range(count)]


def live(market: PaperMarket, closes: Sequence[datetime]) -> Told:
    """Let the schedule and the sensor start what they start at each close."""
    with Runs.on(market) as runs:
        for due in closes:
            market.turn(due + AFTER)
            _close(runs, due)
    rows = market.rows
    return Told(
        decisions=_named(
            rows(
                "SELECT decision_id, strategy_version, closed_at, decided_at, outcome, reason, "
                "no_signals FROM decisions WHERE namespace = 'trade' ORDER BY closed_at"
            ),
            "decision_id version closed_at decided_at outcome reason no_signals",
        ),
        intents=_named(
            rows(
                "SELECT intent_id, pair, action, confidence, stop_distance, expires_at, "
                "decision_price, reason FROM intents ORDER BY closed_at, pair"
            ),
            "intent_id pair action confidence stop_distance expires_at decision_price reason",
        ),
        verdicts=_named(
            rows(
                "SELECT v.intent_id, verdict, clamped_by, qty, limit_price, notional, figures, "
                "(SELECT group_concat(code || ': ' || figures, '; ') FROM denials d "
                "WHERE d.intent_id = v.intent_id ORDER BY position) "
                "FROM verdicts v JOIN intents i ON i.intent_id = v.intent_id "
                "ORDER BY i.closed_at, i.pair"
            ),
            "intent_id verdict clamped_by qty limit_price notional figures objections",
        ),
        orders=_named(
            rows(
                "SELECT local_id, cl_ord_id, pair, side, order_type, time_in_force, volume, price, "
                "status, filled_volume, avg_fill_price, fee FROM execution_orders "
                "ORDER BY created_at, local_id"
            ),
            "local_id cl_ord_id pair side order_type time_in_force volume price status "
            "filled_volume avg_fill_price fee",
        ),
        halts=_named(rows("SELECT kind, scope FROM halts ORDER BY halt_id"), "kind scope"),
    )


def _named(rows: Sequence[Sequence[object]], names: str) -> list[dict[str, Any]]:
    return [dict(zip(names.split(), map(_plain, row), strict=True)) for row in rows]


def _plain(value: object) -> object:
    """Return a value that is the same for the same amount, instant or text."""
    if isinstance(value, Decimal):
        return str(value.normalize())
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        with contextlib.suppress(ArithmeticError):
            return str(Decimal(value).normalize())
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(value).astimezone(UTC).isoformat()
        with contextlib.suppress(ValueError):
            return _figures(json.loads(value))
    return value


def _figures(told: object) -> object:
    """Return figures in which an amount is the same however many zeros it was written with."""
    if isinstance(told, dict):
        return {name: _figures(each) for name, each in told.items()}
    if isinstance(told, str):
        return " of ".join(str(_plain(each)) for each in told.split(" of "))
    return told


def _close(runs: Runs, due: datetime) -> None:
    # books are read anew by whatever the sensor starts, every few minutes
    _sensor(runs)
    answer = asked_of(runs.pipeline, runs.instance, due)
    assert isinstance(answer, dg.RunRequest)
    job = runs.definitions.resolve_job_def(refresh_and_decide.name)
    done = job.execute_in_process(
        instance=runs.instance,
        partition_key=answer.partition_key,
        asset_selection=list(answer.asset_selection or ()),
        run_config=QUIET,
        tags=dict(answer.tags),
        raise_on_error=False,
    )
    assert failures_of(done) == []
    _sensor(runs)


def _sensor(runs: Runs) -> None:
    if isinstance(runs.asked_to_trade(), dg.RunRequest):
        assert failures_of(runs.job("trade")) == []


def backtested(market: PaperMarket, bars: PaperMarket, closes: Sequence[datetime]) -> Told:
    """Run the same stretch as a backtest on an exchange that stands where life began."""
    loaded = load(bars.environ)
    wanted = Wanted(since=closes[0], until=closes[-1], model=FillModel(decides_after=AFTER))
    asked = backtest_of(loaded.settings, wanted)
    ready = prepare(loaded, asked)
    rules = rules_of(loaded, ready.universes, ready.history, run_id="backtest")
    with market.pipeline() as pipeline:
        market.turn(closes[0])
        run = Run(
            asked,
            rules,
            ready.history,
            ready.certificates,
            lambda asked, rules, tape, clock: SimulatedExchange(pipeline.edge, market.turn, clock),
        )
        result = run.run()
    return told_of(result)


def told_of(result: Result) -> Told:
    """Return what a backtest came to, as life's books tell it."""
    intents = {each.intent_id: each for made in result.decisions for each in made.intents}

    def turn(name: str) -> tuple[datetime, str]:
        return intents[name].closed_at, intents[name].pair  # type: ignore[index]  # by its name

    return Told(
        decisions=[
            {
                "decision_id": each.decision_id,
                "version": _plain(each.strategy_version),
                "closed_at": _plain(each.closed_at),
                "decided_at": _plain(each.decided_at),
                "outcome": each.outcome.value,
                "reason": each.reason,
                "no_signals": dict(each.no_signals),
            }
            for each in result.decisions
        ],
        intents=[
            {
                "intent_id": each.intent_id,
                "pair": each.pair,
                "action": each.action.value,
                "confidence": _plain(each.confidence),
                "stop_distance": _plain(each.stop_distance),
                "expires_at": _plain(each.expires_at),
                "decision_price": _plain(each.decision_price),
                "reason": each.reason,
            }
            for each in sorted(intents.values(), key=lambda each: (each.closed_at, each.pair))
        ],
        verdicts=[
            {
                "intent_id": each.intent_id,
                "verdict": "approved" if each.approved else "denied",
                "clamped_by": list(each.clamped_by),
                "qty": _plain(each.qty),
                "limit_price": _plain(each.limit_price),
                "notional": _plain(each.notional),
                "figures": _plain(each.figures),
                "objections": "; ".join(map(str, each.objections)) or None,
            }
            for each in sorted(
                (verdict for plan in result.plans for verdict in plan.verdicts),
                key=lambda each: turn(each.intent_id),
            )
        ],
        orders=[
            {
                "local_id": each.local_id,
                "cl_ord_id": each.cl_ord_id,
                "pair": each.pair,
                "side": each.side.value,
                "order_type": each.order_type,
                "time_in_force": each.time_in_force,
                "volume": _plain(each.qty),
                "price": _plain(each.limit_price),
                "status": each.state.value,
                "filled_volume": _plain(each.filled_qty),
                "avg_fill_price": _plain(each.avg_fill_price),
                "fee": _plain(each.fee),
            }
            for each in sorted(result.orders, key=lambda each: (each.created_at, each.local_id))
        ],
        halts=[{"kind": each.kind.value, "scope": str(each.scope)} for each in result.halts],
    )


def both(
    stocked: Path,
    root: Path,
    closes: Sequence[datetime],
    **told: Any,  # noqa: ANN401 - what the simulator is told
) -> tuple[Told, Told]:
    """Live a stretch, and run it again as a backtest, each from a copy of the same beginning."""
    with contextlib.ExitStack() as opened:
        markets = []
        for name in ("life", "again"):
            shutil.copytree(stocked, root / name)
            settings = Settings(
                folder=root / name / "simulator", key=KEY, secret=SECRET, clock="fixed", **told
            )
            served = opened.enter_context(simulated(settings))
            markets.append(PaperMarket(root=root / name, served=served))
        life, again = markets
        return live(life, closes), backtested(again, life, closes)
