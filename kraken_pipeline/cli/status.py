"""`status` and `config show`."""

import sys
from collections.abc import Mapping

from kraken_pipeline.cli.output import print_json, print_rows, print_warnings, text
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.settings import Loaded, dump, effective, load
from kraken_pipeline.store.executions import last_results
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.exchange import market_said
from kraken_pipeline.wiring.modes import destination
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.preflight import last as last_preflight
from kraken_pipeline.wiring.stream_sign import stream_sign

WIDTH = 14


def show_status(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print one screen of how things stand; nothing is asked of the exchange."""
    pipeline = connect(environ)
    print_warnings(pipeline.loaded)
    try:
        found = _status(pipeline)
        results = last_results(pipeline.stores.database, limit=3)
    finally:
        pipeline.close()
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:<{WIDTH}} {_shown(value)}\n")
    rows: list[dict[str, object]] = [
        {
            "plan": each.plan_id,
            "started": each.started_at,
            "status": each.status,
            "summary": each.summary,
        }
        for each in results
    ]
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
    snapshot = pipeline.stores.books.latest_snapshot()
    universe = pipeline.stores.universes.latest()
    orders = pipeline.stores.orders.reserving()
    execution = pipeline.loaded.settings.execution
    return {
        "mode": execution.mode,
        **_destination(pipeline.loaded),
        "panic": "latched" if pipeline.panic_file.exists() else "no",
        "halts": [f"{each.kind.value}: {each.reason}" for each in pipeline.halts()],
        "switch": _switch(pipeline),
        "stream": _stream(pipeline),
        "open orders": len(orders),
        "unknown fate": sum(each.state.value == "unknown" for each in orders),
        "waiting intents": len(pipeline.stores.decisions.pending(Namespace.TRADE)),
        "universe": None if universe is None else f"{len(universe.members)} pairs",
        "equity": None if snapshot is None else snapshot.equity,
        "drawdown pct": None if snapshot is None else snapshot.drawdown * 100,
        "realised": None if snapshot is None else snapshot.realised,
        "fees": None if snapshot is None else snapshot.fees,
        "books": None if snapshot is None else dict(snapshot.drift) or "equal the balances",
        "books at": None if snapshot is None else snapshot.at,
        "data": str(pipeline.loaded.data_dir),
        "config hash": pipeline.loaded.hash,
    }


def _switch(pipeline: Pipeline) -> list[str]:
    """Say how the dead man's switch stands, who keeps it, and what else it would cancel."""
    switch, keeper = pipeline.stores.switches.switch(), pipeline.keeper
    said = [switch.said, f"kept by {keeper.value}"]
    said += [f"protect={pipeline.loaded.settings.guard.protect}"]
    said += [f"{switch.failures} attempts failed"] if switch.failures else []
    return said + [f"would also cancel {each}" for each in switch.foreign]


def _stream(pipeline: Pipeline) -> str:
    """Say how the account's stream is heard."""
    sign = stream_sign(pipeline.loaded.data_dir, system_now())
    return "no listener; orders are polled" if sign is None else sign.said


def _destination(loaded: Loaded) -> dict[str, object]:
    """Say where orders go, on whose prices and, in live, how the last preflight ended."""
    goes = destination(loaded)
    if not goes.is_kraken:
        return {"orders go": goes.value, "market": market_said(loaded)}
    found = last_preflight(loaded.data_dir)
    if found is None:
        return {"orders go": f"{goes.value}, once a preflight passes", "preflight": None}
    ended = "passed" if found.passed else "refused"
    said = [f"{ended} {found.at:%Y-%m-%d %H:%M:%S}", *found.said]
    return {"orders go": goes.value, "preflight": said}


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(value) or "none"
    return text(value) or "none yet"
