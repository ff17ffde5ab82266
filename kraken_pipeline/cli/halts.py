"""`panic`, `halt` and `resume`."""

import getpass
import sys
from collections.abc import Mapping

from kraken_pipeline.wiring.pipeline import connect


def run_panic(environ: Mapping[str, str]) -> int:
    """Run the panic program, then bring our books up to what the exchange shows.

    Returns:
        The panic program's exit code: 0 when no order is open any more.
    """
    pipeline = connect(environ)
    try:
        outcome = pipeline.panic()
        sys.stdout.write(outcome.said + "\n")
        if not outcome.exit_code:
            pipeline.settle()
            sys.stdout.write(f"open in our books: {len(pipeline.open_at_exchange())}\n")
        sys.stdout.write("opening stays stopped until `kraken-pipeline resume --reason ...`\n")
        return outcome.exit_code
    finally:
        pipeline.close()


def run_halt(environ: Mapping[str, str], *, reason: str) -> None:
    """Latch the operator's halt."""
    pipeline = connect(environ)
    try:
        news = pipeline.halt(reason=reason, by=getpass.getuser())
    finally:
        pipeline.close()
    sys.stdout.write("halted: nothing opens any more\n" if news else "was halted already\n")


def run_resume(environ: Mapping[str, str], *, reason: str) -> None:
    """Clear what is latched."""
    pipeline = connect(environ)
    try:
        cleared, had_file = pipeline.resume(reason=reason, by=getpass.getuser())
    finally:
        pipeline.close()
    file = "the panic file is gone" if had_file else "there was no panic file"
    sys.stdout.write(f"cleared {cleared} halts; {file}\n")
