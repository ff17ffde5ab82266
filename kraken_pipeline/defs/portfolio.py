"""The assets of the account's books, all of one pass, and the checks that they agree.

A close asks for the snapshot alone, so that it waits for no more than it needs. The others are
shown by the hourly comparison, and to whoever materialises them.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from kraken_pipeline.defs import plots
from kraken_pipeline.defs.agreement import (
    ASSET,
    SPECS,
    account_check,
    agreement_checks,
    books_checks,
    evaluation,
    loops_check,
)
from kraken_pipeline.defs.book_words import ADDS_UP, BOOKS, FIGURES, Shown, columns
from kraken_pipeline.defs.markdown import table
from kraken_pipeline.defs.partitions import OWNERS, PLOTS
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.books.reconcile import Pass
from kraken_pipeline.wiring.pipeline import Pipeline


def _spec(name: str, shown: Shown) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=shown.deps,
        description=shown.description,
        group_name="portfolio",
        kinds={"kraken", "sqlite"},
        owners=OWNERS,
        metadata={
            "dagster/column_schema": columns(shown.row),
            **({"dagster/table_name": shown.table} if shown.table else {}),
        },
    )


@dg.multi_asset(
    name="books",
    specs=[_spec(name, each) for name, each in BOOKS.items()],
    check_specs=[*SPECS, ADDS_UP],
    can_subset=True,
)
def books(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.MaterializeResult[None]]:
    """Read the account once and keep its books; then say what is asked for of them."""
    booked = pipeline.keep_books()
    # drawing costs more than the snapshot: not while a bar waits to be decided
    draws = PLOTS not in context.run.tags
    for name in BOOKS:
        if dg.AssetKey(name) in context.selected_asset_keys:
            yield _told(name, booked, pipeline, draws=draws)


def _told(
    name: str, booked: Booked, pipeline: Pipeline, *, draws: bool
) -> dg.MaterializeResult[None]:
    if name != ASSET:
        figures, checks = FIGURES[name](pipeline, booked, draws=draws)
        return dg.MaterializeResult(asset_key=name, metadata=figures, check_results=checks)
    metadata = snapshot_metadata(booked)
    if draws:
        curve = plots.line(pipeline.unit_prices(), label="unit price")
        metadata["equity_curve"] = dg.MetadataValue.md(plots.embedded("unit price", curve))
    checks = [
        *books_checks(booked),
        account_check(pipeline.account()),
        *agreement_checks(pipeline.agreement),
        loops_check(pipeline.loops(booked.snapshot.at)),
    ]
    return dg.MaterializeResult(asset_key=name, metadata=metadata, check_results=checks)


def tell_books(context: dg.OpExecutionContext, booked: Booked, pipeline: Pipeline) -> None:
    """Show ledger, fills, flows, days and shares of a pass, which no close has the time for."""
    for name, figures_of in FIGURES.items():
        figures, checks = figures_of(pipeline, booked, draws=True)
        context.log_event(dg.AssetMaterialization(name, metadata=figures))
        for each in checks:
            context.log_event(evaluation(each))  # type: ignore[arg-type]  # as in `tell`


def tell(context: dg.OpExecutionContext, made: Pass, pipeline: Pipeline) -> None:
    """Log what a comparison found: the snapshot if the books were kept, and every check."""
    checks = [*agreement_checks(made.agreement), loops_check(pipeline.loops(made.found.at))]
    if made.booked is not None:
        checks += [*books_checks(made.booked), account_check(pipeline.account())]
        context.log_event(dg.AssetMaterialization(ASSET, metadata=snapshot_metadata(made.booked)))
    for each in checks:
        context.log_event(evaluation(each))  # type: ignore[arg-type]  # Dagster takes it, its types do not
    found = [f"{each.kind}: {each.said}" for each in made.found.findings]
    orders = ", ".join(f"{count} {state}" for state, count in sorted(made.orders.items()))
    said = "; ".join(found) or "nothing differs"
    context.log.info("orders: %s; %s: %s", orders or "none", made.found.verdict, said)
    context.add_output_metadata(
        {"orders": dict(made.orders), "outcome": made.found.outcome.value, "findings": found}
    )


def snapshot_metadata(booked: Booked) -> dict[str, Any]:
    """Return a snapshot's figures as Dagster plots them: numbers lose their exactness here."""
    snapshot = booked.snapshot
    return {
        "dagster/row_count": len(snapshot.positions),
        "equity": float(snapshot.equity),
        "cash": float(snapshot.cash),
        "realised": float(snapshot.realised),
        "unrealised": float(snapshot.unrealised),
        "fees": float(snapshot.fees),
        "unit_price": float(snapshot.unit_price),
        "drawdown_pct": float(snapshot.drawdown * 100),
        "drawdown_of_day_pct": float(snapshot.drawdown_of_day * 100),
        "drawdown_of_all_time_pct": float(snapshot.drawdown_of_all_time * 100),
        "exposure": float(snapshot.exposure),
        "coverage_pct": float(snapshot.coverage * 100),
        "new_fills": booked.fills,
        "new_ledger_entries": booked.entries,
        "orders_settled": booked.settled,
        "positions": dg.MetadataValue.md(_positions(snapshot)),
    }


def _positions(snapshot: Snapshot) -> str:
    return table(
        ("book", "pair", "qty, base", "average price", "realised"),
        [
            (each.book, each.pair, each.qty, f"{each.average_price:.8g}", f"{each.realised:.4f}")
            for each in snapshot.positions
            if each.qty
        ],
    )
