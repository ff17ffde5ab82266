"""What stands between books and exchange, with its age."""

from collections.abc import Sequence
from datetime import datetime

from kraken_pipeline.cli.output import print_rows
from kraken_pipeline.domain.accounting.open_points import OpenPoint


def point_row(each: OpenPoint, now: datetime) -> dict[str, object]:
    """Return a point with its age in whole seconds, which is empty where it is not known."""
    age = None if each.since is None else max(0, int((now - each.since).total_seconds()))
    return {
        "what": each.what.value,
        "explained": "yes" if each.is_explained else "no",
        "of": each.of,
        "figures": each.said,
        "since": each.since,
        "age_seconds": age,
    }


def show_points(points: Sequence[OpenPoint], now: datetime) -> None:
    """Print them, or nothing where there are none."""
    if points:
        rows = [point_row(each, now) for each in points]
        print_rows("between books and exchange", rows, nothing="")
