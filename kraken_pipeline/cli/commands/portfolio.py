"""`portfolio`: what the account is worth and how well it did."""

from datetime import datetime
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, with_books

app = typer.Typer(no_args_is_help=True, help="What the account is worth, and how well it did.")


@app.callback()
def portfolio() -> None:
    """What the account is worth, and how well it did."""


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
