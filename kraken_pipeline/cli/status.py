"""`status` and `config show`."""

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.cli.caps import caps_used
from kraken_pipeline.cli.locks import now_in_the_books
from kraken_pipeline.cli.output import print_json, print_rows, print_warnings, text
from kraken_pipeline.domain.intents import Namespace, Outcome
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.orders import State
from kraken_pipeline.settings import Loaded, dump, effective, load
from kraken_pipeline.store.audit import head as journal_head
from kraken_pipeline.store.evidence import last_decisions
from kraken_pipeline.store.executions import last_results
from kraken_pipeline.wiring.barred import barring
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.configured import stage_of
from kraken_pipeline.wiring.exchange import market_said
from kraken_pipeline.wiring.locking import locks_in_force
from kraken_pipeline.wiring.market_sign import ASKED, market_sign
from kraken_pipeline.wiring.modes import closed_gates, destination
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.preflight import last as last_preflight
from kraken_pipeline.wiring.protecting import unprotected
from kraken_pipeline.wiring.risk_rules import limits
from kraken_pipeline.wiring.stream_sign import stream_sign

WIDTH = 21
PLACES: Final = MappingProxyType(
    {
        "equity": 2,
        "drawdown_pct": 2,
        "drawdown_today_pct": 2,
        "drawdown_ever_pct": 2,
        "coverage_pct": 2,
        "realised": 4,
        "fees": 4,
    }
)
"""Decimals that a person is shown, as at the end of a cycle."""
NAMED: Final = 5
"""Entries of unknown cause that are named; `explain asset` shows the others."""
CAPS_NOTE: Final = (
    "by the books alone, which may be less than risk counts: `kraken-pipeline risk status` asks "
    "the exchange, and tells of every cap"
)
SPARED: Final = MappingProxyType({"stops": "stops are spared", "flat": "stops are canceled, too"})
"""What `guard.protect` means for the orders that protect."""


def show_status(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print one screen of how things stand; nothing is asked of the exchange."""
    pipeline = connect(environ)
    print_warnings(pipeline.loaded)
    try:
        found = _status(pipeline)
        results = last_results(pipeline.stores.database, limit=3)
    finally:
        pipeline.close()
    rows: list[dict[str, object]] = [
        {
            "plan": each.plan_id,
            "started": each.started_at,
            "status": each.status,
            "summary": each.summary,
        }
        for each in results
    ]
    if as_json:
        print_json({**found, "last_results": rows})
        return
    for name, value in {**found, **_rounded(found)}.items():
        sys.stdout.write(f"{name.replace('_', ' '):<{WIDTH}} {_shown(value)}\n")
    print_rows("last results", rows, nothing="no result yet")


def show_config(environ: Mapping[str, str], *, effective_values: bool, as_json: bool) -> None:
    """Print the configuration: as a file would say it, or each value with its layer."""
    loaded = load(environ)
    print_warnings(loaded)
    if as_json:
        rows = [
            {"key": key, "value": value, "from": origin} for key, value, origin in effective(loaded)
        ]
        print_json({"hash": loaded.hash, "values": rows})
        return
    if not effective_values:
        sys.stdout.write(dump(loaded.settings))
        return
    for key, value, origin in effective(loaded):
        sys.stdout.write(f"{key:<52} {value:<28} {origin}\n")
    sys.stdout.write(f"hash {loaded.hash}\n")


def _status(pipeline: Pipeline) -> dict[str, object]:
    return {
        "mode": pipeline.loaded.settings.execution.mode,
        **_destination(pipeline.loaded),
        **_stops(pipeline),
        **_orders(pipeline),
        **_money(pipeline),
        **_data(pipeline),
        "folder": str(pipeline.loaded.data_dir),
        "config_hash": pipeline.loaded.hash,
    }


def _destination(loaded: Loaded) -> dict[str, object]:
    """Say where orders go, which gates are closed and, in live, how the last preflight ended."""
    goes = destination(loaded)
    found: dict[str, object] = {
        "orders_go": goes.value,
        "gates_closed": list(closed_gates(loaded.settings)),
    }
    if not goes.is_kraken:
        return {**found, "market": market_said(loaded)}
    last = last_preflight(loaded.data_dir)
    if last is None:
        return {**found, "orders_go": f"{goes.value}, once a preflight passes", "preflight": None}
    ended = "passed" if last.passed else "refused"
    return {**found, "preflight": [f"{ended} {last.at:%Y-%m-%d %H:%M:%S}", *last.said]}


def _stops(pipeline: Pipeline) -> dict[str, object]:
    """Say what stops opening, and who looks after what rests."""
    folder, now = pipeline.loaded.data_dir, system_now()
    stream, market = stream_sign(folder, now), market_sign(folder, now)
    return {
        "panic": "latched" if pipeline.panic_file.exists() else "no",
        "halts": [str(each) for each in pipeline.halts()],
        "strategies": _stages(pipeline),
        "quarantined": [str(each) for each in pipeline.quarantined()],
        "locks": [str(each) for each in locks_in_force(pipeline, now_in_the_books(pipeline))],
        "unprotected": [f"{each}: {why}" for each, why in unprotected(pipeline).items()],
        "switch": _switch(pipeline),
        "stream": "none was started: orders are polled" if stream is None else stream.said,
        "market_stream": ASKED if market is None else market.said,
    }


def _stages(pipeline: Pipeline) -> list[str]:
    """Say at which stage each strategy is, and why one that is stopped there opens nothing."""
    settings = pipeline.loaded.settings
    says = barring(pipeline)
    return [
        f"{each} {stage_of(settings, each)}" + (f" (opens nothing: {why})" if why else "")
        for each in settings.strategies.running()
        for why in [says(each)]
    ]


def _switch(pipeline: Pipeline) -> list[str]:
    """Say how the dead man's switch stands, who keeps it, and what else it would cancel."""
    switch, keeper = pipeline.stores.switches.switch(), pipeline.keeper
    said = [switch.said, f"kept by {keeper.value}"]
    said += [SPARED[pipeline.loaded.settings.guard.protect]]
    said += [f"{switch.failures} attempts failed"] if switch.failures else []
    return said + [f"would also cancel {each}" for each in switch.foreign]


def _orders(pipeline: Pipeline) -> dict[str, object]:
    orders, agreement = pipeline.stores.orders.reserving(), pipeline.agreement
    states = Counter(each.state for each in orders)
    last = agreement.last
    return {
        "open_orders": len(orders),
        "unknown_orders": states[State.UNKNOWN],
        "manual_orders": states[State.MANUAL],
        "foreign_orders": len(agreement.foreign),
        "waiting_intents": len(pipeline.stores.decisions.pending(Namespace.TRADE)),
        "reconciled": None if last is None else f"{last.verdict} {text(last.at)}",
        "clean_passes_missing": agreement.passes_missing,
    }


def _money(pipeline: Pipeline) -> dict[str, object]:
    snapshot = pipeline.stores.books.latest_snapshot()
    if snapshot is None:
        return {"equity": None, "books": None}
    settings = pipeline.loaded.settings
    base = settings.portfolio.base_currency
    return {
        "equity": snapshot.equity,
        "base_currency": base,
        "drawdown_pct": snapshot.drawdown * 100,
        "drawdown_today_pct": snapshot.drawdown_of_day * 100,
        "drawdown_ever_pct": snapshot.drawdown_of_all_time * 100,
        "coverage_pct": snapshot.coverage * 100,
        "frozen": snapshot.frozen or "no",
        "positions": [
            f"{plain(each.qty)} {each.pair} in {each.book}"
            for each in pipeline.stores.books.positions()
            if each.qty
        ],
        "realised": snapshot.realised,
        "fees": snapshot.fees,
        "caps_used": caps_used(
            snapshot, pipeline.stores.orders.reserving(), limits(settings), base
        ),
        "caps_note": CAPS_NOTE,
        "books": dict(snapshot.drift) or "equal the balances",
        **_ledger(pipeline, snapshot.at),
        "books_at": snapshot.at,
        # a simulator may live at another time than this machine
        **({"sync_age_seconds": _age_seconds(snapshot.at)} if pipeline.is_live else {}),
    }


def _age_seconds(at: datetime) -> int:
    return int((system_now() - at).total_seconds())


def _ledger(pipeline: Pipeline, now: datetime) -> dict[str, object]:
    """Say what of the ledger nobody can explain, and what is between two buckets."""
    ledger = pipeline.stores.ledger
    unknown = [each.told.entry for each in ledger.unexplained()]
    return {
        "unexplained": [
            *(f"{each.entry_id} {plain(each.net)} {each.asset}" for each in unknown[:NAMED]),
            *([f"{len(unknown) - NAMED} more"] if len(unknown) > NAMED else []),
        ],
        "in_flight": [
            f"{plain(each.qty)} {each.entry.asset} since {text(each.entry.at)}"
            f"{' (overdue)' if each.is_overdue(now) else ''}"
            for each in ledger.in_flight()
        ],
    }


def _data(pipeline: Pipeline) -> dict[str, object]:
    """Say of what quality the data is: the pairs, and what each timeframe's last close gave."""
    universe = pipeline.stores.universes.latest()
    database = pipeline.stores.database
    head = journal_head(database)
    return {
        "universe": None if universe is None else f"{len(universe.members)} pairs",
        "decisions": [
            f"{book_of(each.strategy_id, each.timeframe)} {text(each.closed_at)} {each.outcome}"
            + (f": {each.reason}" if each.outcome == Outcome.SKIPPED else "")
            for each in last_decisions(database)
        ],
        "journal": f"{head.seq} entries",
    }


def _rounded(found: Mapping[str, object]) -> dict[str, str]:
    """Return money and shares as a person reads them; what is computed has up to 27 digits."""
    return {
        name: f"{value:.{places}f}"
        for name, places in PLACES.items()
        if isinstance(value := found.get(name), Decimal)
    }


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(value) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{name.replace('_', ' ')} {text(of)}" for name, of in value.items())
    return text(value) or "none yet"
