"""`audit`: whether the books are whole, and whether a decision comes out again."""

import sys
from collections.abc import Mapping

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.services.deciding.replay import Replay, replay
from kraken_pipeline.settings import load
from kraken_pipeline.store import evidence, heads
from kraken_pipeline.store.audit import Audit, verify
from kraken_pipeline.store.database import connect as open_database
from kraken_pipeline.wiring import desks
from kraken_pipeline.wiring.heads import accept, are_configured
from kraken_pipeline.wiring.pipeline import connect


def run_verify(environ: Mapping[str, str], *, as_json: bool) -> Exit:
    """Verify the journal's chain, every table against it, and what was published of its end.

    Books that are only named, as a backup may be, are held against nothing that was published.

    Returns:
        The exit code: `DONE` when all is whole, else `DRIFT`.
    """
    found = _configured_audit(environ) if are_configured(environ) else _named_audit(environ)
    if as_json:
        head = {"entries": found.head.seq, "hash": found.head.hash}
        print_json({"whole": not found.faults, "head": head, "faults": list(found.faults)})
    else:
        sys.stdout.write(f"journal: {found.head.seq} entries, head {found.head.hash}\n")
        for fault in found.faults:
            sys.stdout.write(f"FAULT {fault}\n")
        said = "look before you trade" if found.faults else "the books are whole"
        sys.stdout.write(f"{said}\n")
    return Exit.DRIFT if found.faults else Exit.DONE


def _configured_audit(environ: Mapping[str, str]) -> Audit:
    pipeline = connect(environ)
    try:
        return pipeline.audit()
    finally:
        pipeline.close()


def _named_audit(environ: Mapping[str, str]) -> Audit:
    database = open_database(load(environ).database_url)
    try:
        return verify(database)
    finally:
        database.close()


def run_accept(environ: Mapping[str, str], asked: Asked) -> None:
    """Take a journal that lacks what was published of it; opening stays halted until `resume`.

    Raises:
        InvalidValueError: it lacks nothing, or no reason was given.
        RefusedError: nobody agreed.
    """
    pipeline = connect(environ)
    try:
        lack = heads.lacks(pipeline.stores.database, heads.newest(pipeline.loaded.data_dir))
        if lack:
            require_consent([f"go on with this journal, though {lack}"], asked, word="accept")
        lack = accept(pipeline, reason=asked.reason, by=actor())
    finally:
        pipeline.close()
    if asked.as_json:
        print_json({"accepted": True, "lacked": lack})
    else:
        sys.stdout.write(f"accepted, though {lack}\n")
        sys.stdout.write("opening stays halted until `kraken-pipeline resume --reason ...`\n")


def run_replay(environ: Mapping[str, str], name: str, *, as_json: bool) -> Exit:
    """Make the decision behind an order again, from what was kept, and say whether it is the same.

    The verdict is not made again: it stood on books and quotes of an instant, and keeps the figures
    it was given on.

    Returns:
        `DONE` when every byte is the same, `STALE` when it cannot be made again, else `DRIFT`.

    Raises:
        UnknownNameError: there is no order of that id.
    """
    pipeline = connect(environ)
    try:
        database = pipeline.stores.database
        order = pipeline.stores.orders.order(evidence.order_named(database, name))
        decision = evidence.decision_of(database, order.intent_id)
        universe = pipeline.stores.universes.of_version(decision.universe_version)
        found = replay(desks.decisions(pipeline), decision, universe)
    finally:
        pipeline.close()
    told = _told(found)
    if as_json:
        print_json(told)
    else:
        for what, value in told.items():
            sys.stdout.write(f"{what.replace('_', ' '):<14} {_shown(value)}\n")
    if found.again is None:
        return Exit.STALE
    return Exit.DONE if found.is_equal else Exit.DRIFT


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {said}" for name, said in value.items()) or "none"
    return ("; ".join(value) or "none") if isinstance(value, list) else str(value)


def _told(found: Replay) -> dict[str, object]:
    bars = {name: "matches" if each.matches else "differs" for name, each in found.panels.items()}
    return {
        "decision": found.decision.decision_id,
        "made_again": found.again is not None,
        "equal": found.is_equal,
        "bars": bars,
        "obstacle": found.obstacle or "none",
        "differences": list(found.differences),
        "not_made_again": "the verdict: it stood on books and quotes of an instant",
    }
