"""What the assets of decisions show of a backtest: figures by month, and of all of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import dagster as dg

from kraken_pipeline.defs import plots
from kraken_pipeline.defs.markdown import bullets, table
from kraken_pipeline.defs.partitions import month_of
from kraken_pipeline.domain.accounting.performance import deepest_fall
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav_days import NavDay, fall
from kraken_pipeline.services.research.outcome import outcome, percent, ratio
from kraken_pipeline.services.research.told import Told
from kraken_pipeline.services.research.trips import Tally

MOST_ROWS: Final = 20
"""Of a table: it is kept in every event that shows it."""


def month_figures(told: Told, month: str) -> dict[str, Any]:
    """Return what a month of a backtest came to, as Dagster plots it over the partitions.

    Args:
        told: the whole run.
        month: `YYYY-MM-01`.
    """
    days = [each for each in told.days if f"{each.day:%Y-%m}-01" == month]
    trips = [each for each in told.ran.trips if month_of(each.closed_at) == month]
    figures: dict[str, Any] = {
        "backtest": told.ran.run_id,
        "dagster/partition_row_count": sum(month_of(each.at) == month for each in told.ran.fills),
        "round_trips": len(trips),
        "profit_of_round_trips": float(sum((each.profit for each in trips), ZERO)),
    }
    if days:
        figures |= {
            "equity": float(days[-1].equity),
            "gained_pct": _percent(days[-1].last_unit_price / days[0].first_unit_price - 1),
            "deepest_fall_pct": _percent(deepest_fall(_ends(days))),
        }
    return figures


def whole_figures(told: Told, others: Sequence[Told]) -> dict[str, Any]:
    """Return what all of a backtest came to, with pictures.

    Args:
        told: the run.
        others: runs to stand beside it, the newest first.
    """
    ran = told.ran
    figures: dict[str, Any] = {"outcome": dg.MetadataValue.md(compared([told]))}
    if others:
        figures["beside_other_runs"] = dg.MetadataValue.md(compared([told, *others]))
    picture = _picture(told)
    if picture is not None:
        figures["equity_fall_exposure"] = dg.MetadataValue.md(plots.embedded("equity", picture))
    return figures | {
        "by_strategy": dg.MetadataValue.md(_tallies("strategy", told.by_book)),
        "by_pair": dg.MetadataValue.md(_tallies("pair", told.by_pair)),
        "denials": dict(sorted(ran.denials.items(), key=lambda each: -each[1])),
        "counts": dict(ran.counts),
        "before_you_read": dg.MetadataValue.md(bullets(told.notes)),
        "assumed": dg.MetadataValue.md(bullets(ran.assumed)),
        "asked": dict(ran.asked),
    }


def compared(runs: Sequence[Told]) -> str:
    """Return runs side by side as a table, each in a column of its own."""
    rows = {name: [row.get(name, "") for row in map(outcome, runs)] for name in outcome(runs[0])}
    return table(["", *(each.ran.run_id for each in runs)], ([k, *v] for k, v in rows.items()))


def _picture(told: Told) -> bytes | None:
    held = dict(() if told.held is None else told.held.days)
    equity, currency = [each.equity for each in told.days], told.ran.base_currency
    # by itself as well: beside what moves ten times as much it is a flat line
    both = f"both, {currency}"
    values = {
        f"equity, {currency}": equity,
        **({both: equity} if held else {}),
        "fall, %": [_fallen(each) for each in told.days],
        "exposed, %": [_exposed(each) for each in told.days],
    }
    at = [each.day for each in told.days]
    beside = {both: [held.get(each) for each in at]} if held else {}
    return plots.days(at, values, beside, named="bought at first and held")


def _fallen(day: NavDay) -> Decimal:
    return -100 * fall(day.peak_unit_price, day.last_unit_price)


def _exposed(day: NavDay) -> Decimal:
    return 100 * day.exposure / day.equity if day.equity else ZERO


def _ends(days: Sequence[NavDay]) -> list[Decimal]:
    return [days[0].first_unit_price, *(each.last_unit_price for each in days)]


def _tallies(name: str, of: Mapping[str, Tally]) -> str:
    if not of:
        return "no round trip ended"
    ranked = sorted(of.items(), key=lambda each: -abs(each[1].profit))[:MOST_ROWS]
    rows = (
        [
            *(each, str(tally.trades), percent(tally.win_rate), f"{tally.profit:.2f}"),
            *(f"{tally.fees:.2f}", ratio(tally.profit_factor), str(tally.losses_in_a_row)),
        ]
        for each, tally in ranked
    )
    head = [name, "round trips", "won", "profit", "fees", "profit factor", "losses in a row"]
    return table(head, rows)


def _percent(share: Decimal) -> float:
    return round(float(share * 100), 4)
