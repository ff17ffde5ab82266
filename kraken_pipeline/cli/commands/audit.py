"""`audit`: whether the books are whole, and whether decisions can be made again."""

import os

import typer

from kraken_pipeline.cli.options import OFF, Agreed, Db, Json, OrderId, Reason, with_books

app = typer.Typer(no_args_is_help=True, help="Whether the books are whole.")


@app.command("verify")
def verify(json: Json = OFF, db: Db = None) -> None:
    """Verify the journal's chain, the tables against it, and its ends that were published."""
    from kraken_pipeline.cli.audit import run_verify  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(run_verify(with_books(db), as_json=json))


@app.command("replay")
def replay(order: OrderId, json: Json = OFF, db: Db = None) -> None:
    """Make the decision behind an order again from what was kept, and compare the two."""
    from kraken_pipeline.cli.audit import run_replay  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(run_replay(with_books(db), order, as_json=json))


@app.command("accept")
def accept(reason: Reason, yes: Agreed = OFF, json: Json = OFF) -> None:
    """Take an older database than the one before, such as a backup; opening stays halted."""
    from kraken_pipeline.cli.audit import run_accept  # noqa: PLC0415 - the same
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - the same

    run_accept(os.environ, Asked(yes=yes, as_json=json, reason=reason))
