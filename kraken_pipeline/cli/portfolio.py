"""`portfolio performance`."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Final

from kraken_pipeline.cli.output import print_json, print_rows, text
from kraken_pipeline.domain.accounting.performance import LEAST_DAYS, Month, Performance
from kraken_pipeline.wiring.pipeline import connect

WIDTH: Final = 19
PERCENT: Final = frozenset({"gained", "deepest_fall", "yearly", "volatility", "fee_share"})
"""Shares that a person reads as percent."""
NOTHING: Final = "no day is kept of that yet: `run-once` keeps the first\n"
FROM_A_YEAR: Final = ("yearly", "volatility", "sharpe", "sortino", "calmar")


def show_performance(environ: Mapping[str, str], since: date | None, *, as_json: bool) -> None:
    """Print how the account did; nothing is asked of the exchange."""
    pipeline = connect(environ)
    try:
        found = pipeline.performance(since or date.min)
    finally:
        pipeline.close()
    if as_json:
        print_json(None if found is None else asdict(found))
    elif found is None:
        sys.stdout.write(NOTHING)
    else:
        _show(found)


def _show(found: Performance) -> None:
    for name, value in asdict(found).items():
        if name != "months":
            said = _said(name, value, days=found.days)
            sys.stdout.write(f"{name.replace('_', ' '):<{WIDTH}} {said}\n")
    print_rows("months", [_row(each) for each in found.months], nothing="no month yet")


def _row(month: Month) -> dict[str, object]:
    return {"month": month.month, "gained": f"{month.gained * 100:+.2f} %"}


def _said(name: str, value: object, *, days: int) -> str:
    if value is None:
        few = name in FROM_A_YEAR and days < LEAST_DAYS
        return f"not before {LEAST_DAYS} days" if few else "none"
    if not isinstance(value, Decimal):
        return text(value)
    return f"{value * 100:.2f} %" if name in PERCENT else f"{value:.2f}"
