"""`orders show`: where an order comes from."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict

from kraken_pipeline.cli.output import print_json, text
from kraken_pipeline.store.executions import execution, grounds
from kraken_pipeline.wiring.pipeline import connect

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
