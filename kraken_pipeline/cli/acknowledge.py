"""`config acknowledge`: agree to looser bounds of live (CFG-5)."""

import sys
from collections.abc import Mapping

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.services.risk.acknowledge import acknowledge
from kraken_pipeline.wiring.bounds import bounds_desk, unacknowledged
from kraken_pipeline.wiring.pipeline import connect


def run_acknowledge(environ: Mapping[str, str], asked: Asked) -> None:
    """Show what is looser than was agreed to, and agree to it if somebody does.

    Raises:
        RefusedError: nobody agreed; nothing was done.
        InvalidValueError: no reason was given.
    """
    pipeline = connect(environ)
    try:
        found = unacknowledged(pipeline)
        if found:
            require_consent([f"agree: {each}" for each in found], asked, word="agree")
            acknowledge(bounds_desk(pipeline), reason=asked.reason, by=actor())
    finally:
        pipeline.close()
    if asked.as_json:
        print_json({"acknowledged": list(found)})
        return
    for each in found:
        sys.stdout.write(f"agreed: {each}\n")
    if not found:
        sys.stdout.write("nothing is looser than was agreed to\n")
