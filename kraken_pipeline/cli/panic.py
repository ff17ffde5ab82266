"""`panic`: stop and cancel first; what needs configuration or books comes after."""

import sys
from collections.abc import Mapping
from typing import Final

from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.settings.environment import data_folder
from kraken_pipeline.wiring.panic import LATCH, latch_text, panic_now

STOPPED: Final = "opening stays stopped until `kraken-pipeline resume --reason ...`"
NOT_STOPPED: Final = "opening is NOT stopped: end whatever trades here, such as `dev` and Dagster"


def run_panic(environ: Mapping[str, str], *, url: str | None, as_json: bool) -> int:
    """Run the panic program, then bring our books up to what the exchange shows, if they can be.

    Args:
        environ: the environment.
        url: the exchange's address; None for where the books' orders are.
        as_json: print one document.

    Returns:
        The panic program's exit code: 0 when no order is open any more.
    """
    # proving that nothing is open takes seconds in which nothing else would be seen
    sys.stderr.write("stopping new orders and canceling all; do not interrupt\n")
    outcome = panic_now(environ, url=url)
    if not as_json:
        sys.stdout.write(outcome.said + "\n")
    open_now, why = _open_in_our_books(environ)
    if open_now:
        # another machine may have sent before the books told it to stop
        outcome = panic_now(environ, url=url)
        open_now, why = _open_in_our_books(environ)
        if not as_json:
            sys.stdout.write(outcome.said + "\n")
    latched = bool(latch_text(data_folder(environ) / LATCH))
    if as_json:
        told = {
            "exit_code": outcome.exit_code,
            "said": outcome.said.splitlines(),
            "latched": latched,
        }
        print_json({**told, "open_in_our_books": open_now, "books_failed": why or None})
        return outcome.exit_code
    if why:
        sys.stdout.write(f"our books could not be brought up to date: {why}\n")
    else:
        sys.stdout.write(f"open in our books: {open_now}\n")
    sys.stdout.write(f"{STOPPED if latched else NOT_STOPPED}\n")
    return outcome.exit_code


def _open_in_our_books(environ: Mapping[str, str]) -> tuple[int | None, str]:
    """Return how many orders may still be open by our books, or why that is not known."""
    # nothing of it is loaded before the orders are canceled
    from kraken_pipeline.wiring.pipeline import connect  # noqa: PLC0415

    try:
        pipeline = connect(environ)
        try:
            pipeline.panic_is_told()
            pipeline.settle()
            return len(pipeline.open_at_exchange()), ""
        finally:
            pipeline.close()
    except PipelineError as failure:
        return None, str(failure)
