"""`orders show` and `audit`: where an order comes from, and whether the books are whole."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict

from kraken_pipeline.cli.output import print_json, text
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.executions import execution, grounds
from kraken_pipeline.wiring.pipeline import connect

DRIFT_EXIT_CODE = 6
WIDTH = 18


def show_order(environ: Mapping[str, str], local_id: str, *, as_json: bool) -> None:
    """Print an order with every step, the verdict's figures and the decision behind it.

    Raises:
        UnknownNameError: there is no order of that id.
    """
    pipeline = connect(environ)
    try:
        found = execution(pipeline.stores.database, local_id)
        behind = grounds(pipeline.stores.database, local_id)
    finally:
        pipeline.close()
    order, stands_on = asdict(found.order), asdict(behind)
    if as_json:
        steps = [asdict(each) for each in found.steps]
        stands_on["figures"] = json.loads(behind.figures)
        print_json({"order": order, "grounds": stands_on, "steps": steps})
        return
    for name, value in {**order, **stands_on}.items():
        sys.stdout.write(f"{name.replace('_', ' '):<{WIDTH}} {text(value)}\n")
    for step in found.steps:
        at, moved = text(step.at), f"{step.from_status or 'new'} -> {step.to_status}"
        sys.stdout.write(
            f"{at:<{WIDTH + 2}} {moved:<22} {step.fact} ({step.source}) {step.detail}\n"
        )


def audit(environ: Mapping[str, str]) -> int:
    """Verify the journal's chain and every table against it; print the head and each fault.

    Returns:
        The exit code: 0 when all is whole.
    """
    pipeline = connect(environ)
    try:
        found = verify(pipeline.stores.database)
    finally:
        pipeline.close()
    sys.stdout.write(f"journal: {found.head.seq} entries, head {found.head.hash}\n")
    for fault in found.faults:
        sys.stdout.write(f"FAULT {fault}\n")
    sys.stdout.write("the books are whole\n" if not found.faults else "look before you trade\n")
    return DRIFT_EXIT_CODE if found.faults else 0
