"""`panic`, `halt` and `resume`."""

import getpass
import sys
from collections.abc import Mapping

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.wiring.panic import panic_now
from kraken_pipeline.wiring.pipeline import connect


def run_panic(environ: Mapping[str, str]) -> int:
    """Run the panic program, then bring our books up to what the exchange shows, if they can be.

    Returns:
        The panic program's exit code: 0 when no order is open any more.
    """
    outcome = panic_now(environ)
    sys.stdout.write(outcome.said + "\n")
    try:
        sys.stdout.write(f"open in our books: {_open_in_our_books(environ)}\n")
    except PipelineError as failure:
        sys.stdout.write(f"our books could not be brought up to date: {failure}\n")
    sys.stdout.write("opening stays stopped until `kraken-pipeline resume --reason ...`\n")
    return outcome.exit_code


def _open_in_our_books(environ: Mapping[str, str]) -> int:
    pipeline = connect(environ)
    try:
        pipeline.settle()
        return len(pipeline.open_at_exchange())
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
