"""`audit`: whether the books are whole, and whether a decision comes out again."""

import sys
from collections.abc import Mapping

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.services.replay import Replay, replay
from kraken_pipeline.store import evidence
from kraken_pipeline.store.audit import verify
from kraken_pipeline.wiring import desks
from kraken_pipeline.wiring.pipeline import connect


def run_verify(environ: Mapping[str, str], *, as_json: bool) -> Exit:
    """Verify the journal's chain and every table against it; print the head and each fault.

    Returns:
        The exit code: `DONE` when all is whole, else `DRIFT`.
    """
    pipeline = connect(environ)
    try:
        found = verify(pipeline.stores.database)
    finally:
        pipeline.close()
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
            sys.stdout.write(f"{what.replace('_', ' '):<14} {value}\n")
    if found.again is None:
        return Exit.STALE
    return Exit.DONE if found.is_equal else Exit.DRIFT


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
