"""`orders`: what is in our books."""

from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Agreed, Db, Json, OrderId, Reason, Yes, with_books

app = typer.Typer(no_args_is_help=True, help="Orders in our books.")


@app.command("list-open")
def list_open(json: Json = OFF, db: Db = None) -> None:
    """List orders that may still fill."""
    from kraken_pipeline.cli.orders import list_open_orders  # noqa: PLC0415 - only what is asked for

    list_open_orders(with_books(db), as_json=json)


@app.command("recent-executions")
def recent_executions(
    json: Json = OFF,
    db: Db = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
) -> None:
    """List the newest orders with what became of them."""
    from kraken_pipeline.cli.orders import list_recent  # noqa: PLC0415 - the same

    list_recent(with_books(db), limit=limit, as_json=json)


@app.command("show")
def show_order(order: OrderId, json: Json = OFF, db: Db = None) -> None:
    """Show an order with every step, the verdict's figures and the decision behind it."""
    from kraken_pipeline.cli.explain import show_order  # noqa: PLC0415 - the same

    show_order(with_books(db), order, as_json=json)


@app.command("cancel")
def cancel(  # noqa: PLR0913 - a command has as many options as it has
    *,
    plan: Annotated[str | None, typer.Option(help="All of this plan.")] = None,
    strategy: Annotated[str | None, typer.Option(help="All of this strategy.")] = None,
    pair: Annotated[str | None, typer.Option(help="All of this pair.")] = None,
    kraken_id: Annotated[str | None, typer.Option(help="The one with this id at Kraken.")] = None,
    local_id: Annotated[str | None, typer.Option(help="The one with this id of ours.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every open order that the other filters name.")
    ] = OFF,
    reason: Reason = "",
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Cancel open orders of ours that every given filter names, and prove each cancel."""
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - the same
    from kraken_pipeline.cli.orders import Filters, cancel_orders  # noqa: PLC0415 - the same

    filters = Filters(
        plan=plan,
        strategy=strategy,
        pair=pair,
        kraken_id=kraken_id,
        local_id=local_id,
        everything=everything,
    )
    cancel_orders(with_books(db), filters, Asked(yes=yes, as_json=json, reason=reason))


@app.command("amend")
def amend(  # noqa: PLR0913 - a command has as many options as it has
    *,
    order: OrderId,
    qty: Annotated[str | None, typer.Option(help="The new total, with what filled; base.")] = None,
    price: Annotated[str | None, typer.Option(help="The new limit, quote per base.")] = None,
    trigger: Annotated[str | None, typer.Option(help="The new trigger, quote per base.")] = None,
    reason: Reason,
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Change an order where it rests; it never needs more than is reserved for it."""
    from kraken_pipeline.cli.by_hand import Change, run_amend  # noqa: PLC0415 - the same
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - the same

    change = Change(qty=qty, price=price, trigger=trigger)
    asked = Asked(yes=yes, as_json=json, reason=reason)
    raise typer.Exit(run_amend(with_books(db), order, change, asked))


@app.command("resolve")
def resolve(  # noqa: PLR0913 - a command has as many options as it has
    *,
    order: OrderId,
    absent: Annotated[bool, typer.Option("--absent", help="It never came to exist.")] = OFF,
    adopt: Annotated[str | None, typer.Option(help="It is the one with this Kraken id.")] = None,
    reason: Reason = "",
    yes: Agreed = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show what speaks for and against that an order exists, and settle it by hand if told how."""
    from kraken_pipeline.cli.by_hand import Verdict, run_resolve  # noqa: PLC0415 - the same
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - the same

    verdict = Verdict(absent=absent, adopt=adopt)
    asked = Asked(yes=yes, as_json=json, reason=reason)
    raise typer.Exit(run_resolve(with_books(db), order, verdict, asked))
