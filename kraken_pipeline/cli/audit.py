"""`audit`: whether the books are whole."""

import sys
from collections.abc import Mapping

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.store.audit import verify
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
