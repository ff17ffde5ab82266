"""What the assets of the books show: figures that are plotted over time, tables and pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Any, Final, Protocol, get_args

import dagster as dg

from kraken_pipeline.defs import plots
from kraken_pipeline.defs.markdown import table
from kraken_pipeline.domain.accounting.attribution import Dimension, Share
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import EXACT, ZERO, plain
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.services.books import portfolio
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.books.portfolio import Day, Flow
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.reading import portfolio_desk

LATE: Final = timedelta(days=30)
"""How far back tables of what happened go; the commands under `portfolio` show all."""
MOST_ROWS: Final = 20
"""Of a table: it is kept in every event that shows it."""
KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {
        bool: "bool",
        int: "int",
        str: "string",
        Decimal: "decimal",
        datetime: "timestamp",
        date: "date",
    }
)
"""What a column of these is called; a `bool` is an `int` too, a `datetime` a `date`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An asset of the books."""

    description: str
    row: type
    """What a row of it is, as commands and exports read it."""
    table: str = ""
    """In the database of the books; empty where it is reckoned from others each time."""
    deps: tuple[str, ...] = ()


BOOKS: Final[Mapping[str, Shown]] = MappingProxyType(
    {
        "ledger": Shown(
            description="Every entry of the exchange's ledger from the first on, each with its one "
            "cause. Amount and fee are in the entry's own asset.",
            table="ledger_entries",
            row=LedgerEntry,
            deps=("pair_universe",),
        ),
        "fills": Shown(
            description="Every trade of the account and whose book it belongs to. Qty is in base, "
            "price, cost and fee in quote; `quote_rate` turns quote into base currency.",
            table="fills",
            row=Fill,
            deps=("ledger",),
        ),
        "cash_flows": Shown(
            description="What came or left without a trade, at its worth then in base currency: "
            "deposits, withdrawals, rewards, corrections. Never profit, but for rewards.",
            table="account_moves",
            row=Flow,
            deps=("ledger",),
        ),
        "nav": Shown(
            description="How each UTC day ended, in base currency: equity, exposure, and the unit "
            "price, which no deposit and no withdrawal moves. Kept for ever.",
            table="nav_days",
            row=Day,
            deps=("fills", "cash_flows"),
        ),
        "attribution": Shown(
            description="Which strategy, pair and day realised how much, after fees, in base "
            "currency at weighted average cost.",
            row=Share,
            deps=("fills", "nav"),
        ),
        "portfolio_snapshot": Shown(
            description="Balances, fills and fees as positions at weighted average cost, PnL and "
            "equity. Everything is in the base currency; the numbers are plotted over time.",
            table="nav_snapshots",
            row=Snapshot,
            deps=("pair_universe", "nav", "attribution"),
        ),
    }
)
"""In the order in which each follows from the ones before."""
ADDS_UP: Final = dg.AssetCheckSpec(
    "shares_add_up",
    asset="attribution",
    description="What the fills realised and cost, walked from the first, is what the positions "
    "say, to the last digit.",
)
Told = tuple[dict[str, Any], Sequence[dg.AssetCheckResult]]


class Figures(Protocol):
    """Says what an asset shows."""

    def __call__(self, pipeline: Pipeline, booked: Booked, *, draws: bool) -> Told:
        """Return metadata and checks, after a pass over the books."""
        ...


def _ledger(pipeline: Pipeline, booked: Booked, *, draws: bool) -> Told:
    counts = pipeline.stores.ledger.counts()
    causes = {f"{cause.value}_entries": counts.get(cause, 0) for cause in Cause}
    figures = {
        "dagster/row_count": sum(counts.values()),
        "new_entries": booked.entries,
        "in_flight": len(booked.in_flight),
        "buckets_drifting": len(booked.snapshot.drift),
        "balances": dg.MetadataValue.md(_balances(pipeline.stores.books.replayed_balances())),
        **causes,
    }
    return figures, ()


def _balances(replayed: Mapping[str, Decimal]) -> str:
    """Return what the entries add up to, by bucket; of a vault they are ours."""
    rows = [(bucket, plain(qty)) for bucket, qty in sorted(replayed.items()) if qty]
    return table(("bucket", "qty"), rows)


def _fills(pipeline: Pipeline, booked: Booked, *, draws: bool) -> Told:
    kept = pipeline.stores.books.trades_since(date.min)
    newest = portfolio.trades(portfolio_desk(pipeline), _lately(booked))[-MOST_ROWS:]
    figures = {
        "dagster/row_count": sum(each.fills for each in kept),
        "new_fills": booked.fills,
        "orders_settled": booked.settled,
        "traded": _total(each.traded for each in kept),
        "fees": _total(each.fees for each in kept),
        "newest": dg.MetadataValue.md(
            table(
                ("at", "pair", "side", "qty, base", "price", "book"),
                [
                    (f"{one.at:%F %T}", one.pair, one.side, one.qty, one.price, one.book)
                    for one in reversed(newest)
                ],
            )
        ),
    }
    return figures, ()


def _cash_flows(pipeline: Pipeline, booked: Booked, *, draws: bool) -> Told:
    found = portfolio.flows(portfolio_desk(pipeline), _lately(booked))
    values = {
        cause: _total(each.value or ZERO for each in found if each.cause == cause.value)
        for cause in sorted(portfolio.OUTSIDE)
    }
    figures = {
        "days": LATE.days + 1,
        "flows": len(found),
        "without_value": sum(each.value is None for each in found),
        **{f"{cause.value}_value": value for cause, value in values.items()},
        "fees": _total(each.fee for each in found),
        "at_older_prices": len(booked.older_prices),
        "newest": dg.MetadataValue.md(
            table(
                ("at", "cause", "asset", "qty", "value", "fee"),
                [
                    (f"{one.at:%F %T}", one.cause, one.asset, one.qty, _cents(one.value), one.fee)
                    for one in reversed(found[-MOST_ROWS:])
                ],
            )
        ),
    }
    return figures, ()


def _nav(pipeline: Pipeline, booked: Booked, *, draws: bool) -> Told:
    snapshot, days = booked.snapshot, portfolio.curve(portfolio_desk(pipeline), Days())
    figures: dict[str, Any] = {
        "dagster/row_count": len(days),
        "equity": float(snapshot.equity),
        "exposure": float(snapshot.exposure),
        "units": float(snapshot.units),
        "unit_price": float(snapshot.unit_price),
        "drawdown_pct": float(snapshot.drawdown * 100),
        "drawdown_of_day_pct": float(snapshot.drawdown_of_day * 100),
        "drawdown_of_all_time_pct": float(snapshot.drawdown_of_all_time * 100),
        "coverage_pct": float(snapshot.coverage * 100),
        "flows_of_day": float(days[-1].flows) if days else 0.0,
    }
    curves = {
        "equity": [each.equity for each in days],
        "drawdown, %": [-100 * each.deepest for each in days],
        "exposure": [each.exposure for each in days],
    }
    drawn = plots.days([each.day for each in days], curves) if draws else None
    if drawn is not None:
        shown = plots.embedded("equity, drawdown and exposure by day", drawn)
        figures["curves"] = dg.MetadataValue.md(shown)
    return figures, ()


def _attribution(pipeline: Pipeline, booked: Booked, *, draws: bool) -> Told:
    shares = portfolio.attributions(portfolio_desk(pipeline), Days())
    whole, positions = shares[Dimension.STRATEGY], pipeline.stores.books.positions()
    # what was rounded to fewer digits would not add up to the last of them
    with localcontext(EXACT):
        realised = sum((each.realised for each in whole), ZERO)
        fees = sum((each.fees for each in whole), ZERO)
        apart = {
            "realised": realised - sum((each.realised for each in positions), ZERO),
            "fees": fees - sum((each.fees for each in positions), ZERO),
        }
    check = dg.AssetCheckResult(
        asset_key="attribution",
        check_name=ADDS_UP.name,
        passed=not any(apart.values()),
        metadata={name: plain(each) for name, each in apart.items()},
    )
    figures = {
        "dagster/row_count": sum(map(len, shares.values())),
        "realised": float(realised),
        "fees": float(fees),
        **{f"by_{by.value}": dg.MetadataValue.md(_shares(by, some)) for by, some in shares.items()},
    }
    return figures, [check]


def _shares(by: Dimension, shares: Sequence[Share]) -> str:
    """Return a table of the newest days, or of what moved most."""
    if by is Dimension.DAY:
        some = list(reversed(shares))[:MOST_ROWS]
    else:
        some = sorted(shares, key=lambda each: -abs(each.realised))[:MOST_ROWS]
    rows = [
        (one.name, one.fills, _cents(one.traded), _cents(one.realised), _cents(one.fees))
        for one in some
    ]
    return table((by.value, "fills", "traded", "realised", "fees"), rows)


FIGURES: Final[Mapping[str, Figures]] = MappingProxyType(
    {
        "ledger": _ledger,
        "fills": _fills,
        "cash_flows": _cash_flows,
        "nav": _nav,
        "attribution": _attribution,
    }
)
"""All but the snapshot, which every pass tells."""


def columns(row: type) -> dg.TableSchema:
    """Return the columns of a table as Dagster shows them, from what a row of it is."""
    return dg.TableSchema([dg.TableColumn(one.name, _kind(one.type)) for one in fields(row)])


def _kind(told: Any) -> str:  # noqa: ANN401 - whatever stands as a type beside a field
    """Name a type; of one that may be missing, and of a name for another, the one behind it."""
    behind = next((each for each in get_args(told) if each is not type(None)), told)
    behind = getattr(behind, "__supertype__", behind)
    if not isinstance(behind, type):
        return "json"
    return next((name for of, name in KINDS.items() if issubclass(behind, of)), "json")


def _lately(booked: Booked) -> Days:
    return Days(first=booked.snapshot.at.date() - LATE)


def _total(amounts: Iterable[Decimal]) -> float:
    return float(sum(amounts, ZERO))


def _cents(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"
