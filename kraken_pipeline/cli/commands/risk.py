"""`risk`: what may be sent, and how much of it."""

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, with_books

app = typer.Typer(no_args_is_help=True, help="What may be sent, and how much of it.")


@app.command()
def status(json: Json = OFF, db: Db = None) -> None:
    """Show what trading may do, what is latched, and how much of each cap is used and left."""
    from kraken_pipeline.cli.risk import show_risk  # noqa: PLC0415 - only what is asked for

    show_risk(with_books(db), as_json=json)


@app.command()
def codes(json: Json = OFF) -> None:
    """List what each code of a denial means, and what would help."""
    from kraken_pipeline.cli.risk import show_codes  # noqa: PLC0415 - the same

    show_codes(as_json=json)
