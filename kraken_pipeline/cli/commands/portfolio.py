"""`portfolio`: what the account is worth and how well it did."""

from datetime import datetime
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, Reason, with_books

app = typer.Typer(no_args_is_help=True, help="What the account is worth, and how well it did.")


@app.callback()
def portfolio() -> None:
    """What the account is worth, and how well it did."""


@app.command()
def show(json: Json = OFF, db: Db = None) -> None:
    """Show what is held, what it is worth and cost, and what became of the account."""
    from kraken_pipeline.cli.portfolio import show_portfolio  # noqa: PLC0415 - only what is asked

    show_portfolio(with_books(db), as_json=json)


@app.command()
def performance(
    *,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day, UTC; without it, all of them."),
    ] = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show returns, falls and ratios by unit price, which no deposit and no withdrawal moves."""
    from kraken_pipeline.cli.portfolio import show_performance  # noqa: PLC0415 - only what is asked

    show_performance(with_books(db), None if since is None else since.date(), as_json=json)


@app.command()
def cost(
    entry: Annotated[str, typer.Argument(help="The ledger entry that brought it, `L...`.")],
    amount: Annotated[str, typer.Argument(help="What it had cost in all, in base currency.")],
    *,
    reason: Reason = "",
    json: Json = OFF,
    db: Db = None,
) -> None:
    """State what coins had cost that came without a trade; else their price on the day counts."""
    from kraken_pipeline.cli.stated import state_cost  # noqa: PLC0415 - only what is asked for

    state_cost(with_books(db), entry, amount, reason=reason, as_json=json)
