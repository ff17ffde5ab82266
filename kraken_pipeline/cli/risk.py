"""`risk status` and `risk codes`: what may be sent, what is left of each cap, what codes mean."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kraken_pipeline.cli.locks import now_in_the_books
from kraken_pipeline.cli.output import print_json, print_rows, text
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.halts import COOL_OFF, Halt
from kraken_pipeline.domain.remedies import remedy
from kraken_pipeline.domain.risk.codes import MEANINGS
from kraken_pipeline.domain.trading_state import TradingState, state_of
from kraken_pipeline.services.risk.risk_status import CapUse
from kraken_pipeline.wiring.bounds import unacknowledged
from kraken_pipeline.wiring.locking import locks_in_force
from kraken_pipeline.wiring.pipeline import Pipeline, connect

TITLES = ("halts", "locks", "kill_switches", "caps")


def show_risk(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print what trading may do, what is latched, and what is left of each cap.

    What the books say is shown also while the exchange does not answer; then no cap can be told.
    """
    pipeline = connect(environ)
    try:
        found = _found(pipeline)
    finally:
        pipeline.close()
    if as_json:
        print_json(found)
        return
    sys.stdout.write(f"trading is {found['state']}\n")
    for each in found["unacknowledged"]:
        sys.stdout.write(f"nothing opens before `config acknowledge`: {each}\n")
    if found["caps_unknown"]:
        sys.stdout.write(f"no cap can be told: {found['caps_unknown']}\n")
    for name in TITLES:
        title = name.replace("_", " ")
        print_rows(title, found[name], nothing=f"no {title}")


def show_codes(*, as_json: bool) -> None:
    """Print what each code of a denial means, and what would help."""
    rows = [
        {"code": code, "meaning": says, "remedy": remedy(code)} for code, says in MEANINGS.items()
    ]
    if as_json:
        print_json(rows)
        return
    print_rows("codes", rows, nothing="")


def _found(pipeline: Pipeline) -> dict[str, Any]:
    halts, has_panicked = pipeline.halts(), pipeline.panic_file.exists()
    caps, unknown = _caps(pipeline)
    return {
        "state": TradingState.HALTED.value if has_panicked else state_of(halts).value,
        "panic_file": str(pipeline.panic_file) if has_panicked else None,
        "unacknowledged": list(unacknowledged(pipeline)),
        "halts": [_halt(pipeline, each) for each in halts],
        "locks": [
            {"lock": each.lock_id, "what": str(each), "why": each.reason}
            for each in locks_in_force(pipeline, now_in_the_books(pipeline))
        ],
        "kill_switches": list(_switches(pipeline)),
        "caps": caps,
        "caps_unknown": unknown,
    }


def _caps(pipeline: Pipeline) -> tuple[list[dict[str, object]], str]:
    try:
        return [_use(each) for each in pipeline.caps_in_use()], ""
    except PipelineError as failure:
        return [], str(failure)


def _use(each: CapUse) -> dict[str, object]:
    used, most, room = (f"{of:.{each.places}f}" for of in (each.used, each.most, each.room))
    return {
        "code": each.code,
        "of": each.of,
        "bounds": each.says,
        "used": used,
        "most": most,
        "room": room,
    }


def _halt(pipeline: Pipeline, each: Halt) -> dict[str, object]:
    return {
        "what": str(each),
        "since": text(each.latched_at),
        "by": each.latched_by,
        "clears_from": text(_clears_from(pipeline, each)),
        "action": each.action,
    }


def _clears_from(pipeline: Pipeline, each: Halt) -> datetime | None:
    return each.latched_at + pipeline.cool_off if each.kind in COOL_OFF else None


def _switches(pipeline: Pipeline) -> Iterator[dict[str, object]]:
    """Give how near the kill switches are, by the newest snapshot."""
    snapshot, bounds = pipeline.stores.books.latest_snapshot(), pipeline.loaded.settings.risk
    if snapshot is None:
        return
    for code, share, most in (
        ("KILL_DRAWDOWN", snapshot.drawdown, bounds.max_daily_drawdown_pct),
        ("KILL_LOSS", snapshot.drawdown_of_day, bounds.max_daily_loss_pct),
    ):
        yield {"code": code, "fell_pct": f"{share * 100:.2f}", "most_pct": f"{most:.2f}"}
    differs = "; ".join(sorted(snapshot.drift)) or "nothing"
    is_on = "latches" if bounds.kill_switch_on_drift else "is only shown"
    yield {"code": "KILL_DRIFT", "fell_pct": differs, "most_pct": is_on}
