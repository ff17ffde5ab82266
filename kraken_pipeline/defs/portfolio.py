"""The asset of the account's state, and the checks that books and exchange agree."""

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
)
from kraken_pipeline.defs.partitions import OWNERS, PLOTS
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.services.book import Booked
from kraken_pipeline.services.reconcile import Pass
from kraken_pipeline.wiring.pipeline import Pipeline


@dg.asset(
    deps=["pair_universe"],
    group_name="portfolio",
    kinds={"kraken", "sqlite"},
    owners=OWNERS,
    check_specs=SPECS,
)
def portfolio_snapshot(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it and knows no parameter
    """Balances, fills and fees as positions at weighted average cost, PnL and equity.

    Everything is in the base currency; the numbers below are plotted over time.
    """
    booked = pipeline.keep_books()
    metadata = snapshot_metadata(booked)
    if PLOTS not in context.run.tags:
        # drawing costs more than the snapshot: not while a bar waits to be decided
        curve = plots.line(pipeline.unit_prices(), label="unit price")
        metadata["equity_curve"] = dg.MetadataValue.md(plots.embedded("unit price", curve))
    checks = [
        *books_checks(booked),
        account_check(pipeline.account()),
        *agreement_checks(pipeline.agreement),
    ]
    return dg.MaterializeResult(metadata=metadata, check_results=checks)


def tell(context: dg.OpExecutionContext, made: Pass, pipeline: Pipeline) -> None:
    """Log what a comparison found: the snapshot if the books were kept, and every check."""
    checks = list(agreement_checks(made.agreement))
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
    rows = [
        f"| {each.book} | {each.pair} | {each.qty} | {each.average_price:.8g} "
        f"| {each.realised:.4f} |"
        for each in snapshot.positions
        if each.qty
    ]
    return "\n".join(
        ["| book | pair | qty, base | average price | realised |", "|---|---|---|---|---|", *rows]
    )
