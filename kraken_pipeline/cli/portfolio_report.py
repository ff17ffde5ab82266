"""`portfolio report`: the portfolio as one file that any browser opens, also without a network."""

import sys
from collections.abc import Mapping
from pathlib import Path

from kraken_pipeline.cli.files import replacing
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.cli.report.page import page
from kraken_pipeline.domain.accounting.performance import Performance
from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.report import ReportDesk, report
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.reading import portfolio_desk
from kraken_pipeline.wiring.universe import followed_bars


def write_report(environ: Mapping[str, str], days: Days, out: Path, *, as_json: bool) -> None:
    """Write a report of some days, and say where; nothing is asked of the exchange.

    Raises:
        ConfigurationError: the file cannot be written; what was there stays as it was.
    """
    pipeline = connect(environ)
    try:
        made = report(_desk(pipeline), days)
    finally:
        pipeline.close()
    content = page(made).encode()
    with replacing(out, "--out") as opened:
        opened.write(content)
    if as_json:
        print_json({"file": str(out), "days": len(made.curve), "notes": made.notes})
        return
    sys.stdout.write(f"{out} written: {len(made.curve)} days, {len(made.fills)} trades\n")
    sys.stdout.write("".join(f"note: {each}\n" for each in made.notes))


def _desk(pipeline: Pipeline) -> ReportDesk:
    def performance(days: Days) -> Performance | None:
        return pipeline.performance(days.first, days.last)

    def differing() -> Mapping[Asset, str]:
        account = pipeline.account()
        return {} if account is None else account.differing

    return ReportDesk(
        portfolio=portfolio_desk(pipeline),
        bars=followed_bars(pipeline),
        performance=performance,
        differing=differing,
    )
