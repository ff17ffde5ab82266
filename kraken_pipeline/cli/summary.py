"""The end of a cycle, as a trader reads it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TextIO

from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url

from kraken_pipeline.cli.orders import trigger_said
from kraken_pipeline.cli.output import text
from kraken_pipeline.cli.progress import Stage
from kraken_pipeline.domain.intents import Decision, Outcome
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.bars.history import Refreshed
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.protecting import unprotected

WORTH_A_WORD = 0.01
"""Seconds; a shorter stage is not listed."""
WIDTH = 110
SHOWN = 15
"""Rows of a table before it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What a cycle did."""

    pipeline: Pipeline
    stages: Sequence[Stage]
    equity_before: Decimal | None
    at: datetime
    run_ids: tuple[str, ...]
    seconds: float

    @property
    def decisions(self) -> list[Decision]:
        """Return every decision that was made."""
        return [
            one
            for each in self.stages
            if each.name.startswith("decisions") and isinstance(each.outcome, tuple)
            for one in each.outcome
        ]


def plain(cycle: Cycle) -> dict[str, object]:
    """Return the summary of a cycle as programs read it."""
    return {
        "at": cycle.at.isoformat(),
        "decisions": len(cycle.decisions),
        "intents": sum(len(each.intents) for each in cycle.decisions),
        "stages": {each.name: round(each.seconds, 4) for each in cycle.stages},
        "open_at_exchange": list(cycle.pipeline.open_at_exchange()),
        "run_ids": list(cycle.run_ids),
    }


def show(cycle: Cycle, file: TextIO, *, there: str = "") -> None:
    """Print the summary of a cycle.

    Args:
        cycle: what was done.
        file: where to print.
        there: what must stand before a command that is to look at this market; mostly nothing.
    """
    console = Console(file=file, highlight=False, soft_wrap=True, width=WIDTH)
    console.print(f"\n[bold]Cycle at {cycle.at:%Y-%m-%d %H:%M:%S} UTC[/bold]")
    for line in (*_market_lines(cycle), *_decision_lines(cycle)):
        console.print(line)
    _denials(cycle, console)
    _orders(cycle, console)
    for line in (
        *_standing_lines(cycle),
        *_money_lines(cycle),
        *_time_lines(cycle),
        *_where_to_look(cycle, there),
    ):
        console.print(line, soft_wrap=True)


def _market_lines(cycle: Cycle) -> list[str]:
    universes = [each.outcome for each in cycle.stages if isinstance(each.outcome, Universe)]
    lines = [
        f"pairs      {len(each.members)} tradable, {len(each.reasons)} out, each with its reason"
        for each in universes
    ]
    bars = [each.outcome for each in cycle.stages if isinstance(each.outcome, Refreshed)]
    by_frame = ", ".join(f"{each.timeframe} {each.added}" for each in bars)
    told = f" ({by_frame})" if by_frame else ""
    lines.append(f"bars       {sum(each.added for each in bars)} new{told}")
    failed = sum(len(each.failures) for each in bars)
    return [*lines, f"           {failed} fetches failed"] if failed else lines


def _decision_lines(cycle: Cycle) -> list[str]:
    counts = Counter(each.outcome for each in cycle.decisions)
    intents = sum(len(each.intents) for each in cycle.decisions)
    frames = ", ".join(each.timeframe for each in cycle.decisions) or "no newly closed bar"
    skipped = [each for each in cycle.decisions if each.outcome is Outcome.SKIPPED]
    return [
        f"decisions  {len(cycle.decisions)} ({frames}): {counts[Outcome.SIGNAL]} with a signal, "
        f"{counts[Outcome.NO_SIGNAL]} without, {counts[Outcome.SKIPPED]} skipped",
        f"intents    {intents}",
        *(f"           {each.timeframe} skipped: {each.reason}" for each in skipped),
    ]


def _plans(cycle: Cycle) -> list[Plan]:
    return [each.outcome for each in cycle.stages if isinstance(each.outcome, Plan)]


def _denials(cycle: Cycle, console: Console) -> None:
    counts = Counter(
        found.code
        for plan in _plans(cycle)
        for verdict in plan.verdicts
        for found in verdict.objections
    )
    if not counts:
        console.print("denials    none")
        return
    said = ", ".join(f"{code} {count}" for code, count in counts.most_common())
    denied = sum(not verdict.approved for plan in _plans(cycle) for verdict in plan.verdicts)
    console.print(f"denials    {denied} intents denied; by code: {said}", soft_wrap=True)


def _orders(cycle: Cycle, console: Console) -> None:
    orders = [
        order
        for plan in _plans(cycle)
        for order in cycle.pipeline.stores.orders.orders_of_plan(plan.plan_id)
    ]
    if not orders:
        console.print("orders     none")
        return
    table = Table(title=f"orders of this cycle: {len(orders)}", title_justify="left")
    for name in ("pair", "side", "on", "state"):
        table.add_column(name)
    for name in ("volume", "limit or stop", "filled", "fill price", "fee"):
        table.add_column(name, justify="right", no_wrap=True)
    for order in orders[:SHOWN]:
        table.add_row(*_cells(order))
    console.print(table)
    if len(orders) > SHOWN:
        console.print(f"… and {len(orders) - SHOWN} more: kraken-pipeline orders recent-executions")


def _cells(order: Order) -> tuple[str, ...]:
    return (
        order.pair,
        order.side,
        order.timeframe,
        order.state,
        text(order.qty),
        f"stop {trigger_said(order.trigger)}" if order.trigger else text(order.limit_price),
        text(order.filled_qty),
        text(order.avg_fill_price),
        text(order.fee),
    )


def _standing_lines(cycle: Cycle) -> list[str]:
    """Say what is not of this cycle alone: fills of earlier orders, what rests, what is latched."""
    pipeline = cycle.pipeline
    fills = sum(each.outcome.fills for each in cycle.stages if isinstance(each.outcome, Booked))
    latched = [f"{each.kind.value} ({each.reason})" for each in pipeline.halts()]
    latched += [f"panic file {pipeline.panic_file}"] if pipeline.panic_file.exists() else []
    stops = [f"HALTED     {'; '.join(latched)}; nothing opens"] if latched else []
    open_now = len(pipeline.open_at_exchange())
    fills_line = f"fills      {fills} booked; {open_now} orders open at the exchange"
    bare = [f"NO STOP    {each}: {why}" for each, why in unprotected(pipeline).items()]
    return [fills_line, *bare, *_switch_lines(pipeline), *stops]


def _switch_lines(pipeline: Pipeline) -> list[str]:
    """Say until when what rests may stay there without us; nothing where nothing does."""
    switch = pipeline.stores.switches.switch()
    if switch.may_fire_at is None:
        return []
    foreign = f", also {len(switch.foreign)} orders that are not ours" if switch.foreign else ""
    return [
        f"switch     {switch.said} UTC: then the exchange cancels every order{foreign}, unless "
        "`make dev` or `kraken-pipeline guard` renews it"
    ]


def _money_lines(cycle: Cycle) -> list[str]:
    booked = [each.outcome for each in cycle.stages if isinstance(each.outcome, Booked)]
    if not booked:
        return ["equity     unknown: the books were not read"]
    first, last = booked[0].snapshot, booked[-1].snapshot
    before = first.equity if cycle.equity_before is None else cycle.equity_before
    books = "DIFFER" if last.drift else "equal the balances"
    return [
        f"equity     {before:.2f} before, {last.equity:.2f} after "
        f"({cycle.pipeline.loaded.settings.portfolio.base_currency})",
        f"           fees {last.fees:.4f}, realised {last.realised:.4f}, "
        f"unrealised {last.unrealised:.4f}; the books {books}",
    ]


def _time_lines(cycle: Cycle) -> list[str]:
    slowest = sorted(cycle.stages, key=lambda each: -each.seconds)
    said = ", ".join(
        f"{each.name} {each.seconds:.2f}" for each in slowest if each.seconds >= WORTH_A_WORD
    )
    return [f"seconds    {cycle.seconds:.2f}; by stage: {said}"]


def books_said(database_url: str) -> str:
    """Return where the books are: their file, or their database without its password."""
    url = make_url(database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database
    return str(url.database) if is_file else url.render_as_string()


def _where_to_look(cycle: Cycle, there: str) -> list[str]:
    return [
        f"\nbooks      {books_said(cycle.pipeline.loaded.database_url)} (tables execution_orders, "
        "execution_order_events, execution_results)",
        f"runs       {', '.join(cycle.run_ids)}",
        f"next       `make dev` opens Dagster's UI; `{there}kraken-pipeline status`, "
        f"`{there}kraken-pipeline orders recent-executions`",
    ]
