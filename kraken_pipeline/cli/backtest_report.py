"""`backtest report`: a run as one file that any browser opens, also without a network."""

import sys
from collections.abc import Mapping
from pathlib import Path

from kraken_pipeline.cli.backtest import named
from kraken_pipeline.cli.files import replacing
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.cli.report.backtest import Shown, page
from kraken_pipeline.settings import load
from kraken_pipeline.wiring import backtest
from kraken_pipeline.wiring.research import luck_in, told_of, traded_in


def write_report(environ: Mapping[str, str], name: str, out: Path, *, as_json: bool) -> None:
    """Write the page of a run, and say where.

    Raises:
        UnknownNameError: there is no run of that name, or several begin so.
        ConfigurationError: the file cannot be written; what was there stays as it was.
    """
    loaded = load(environ)
    run = named(backtest.backtests(loaded), name)
    told = told_of(loaded, run)
    luck = luck_in(loaded, run, told)
    shown = Shown(told=told, luck=luck, traded=traded_in(loaded, told))
    content = page(shown).encode()
    with replacing(out, "--out") as opened:
        opened.write(content)
    if as_json:
        print_json({"file": str(out), "run_id": told.ran.run_id, "notes": told.notes})
        return
    sys.stdout.write(f"{out} written: {told.ran.run_id}, {len(told.ran.trips)} round trips\n")
    sys.stdout.write("".join(f"note: {each}\n" for each in told.notes))
