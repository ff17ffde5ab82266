"""`dust`: what strategies left over, too small to be sold by itself."""

from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, Reason, Yes, with_books

app = typer.Typer(no_args_is_help=True, help="Rests that were too small to be sold.")


@app.command("list")
def list_all(json: Json = OFF, db: Db = None) -> None:
    """List the dust of each pair, and what the exchange takes as the smallest sale now."""
    from kraken_pipeline.cli.dust import list_dust  # noqa: PLC0415 - only what is asked for

    list_dust(with_books(db), as_json=json)


@app.command()
def sweep(
    pair: Annotated[str, typer.Argument(help="Our name of the pair, such as XBTUSD.")],
    *,
    reason: Reason = "",
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Sell the dust of a pair, if there is enough of it by now; else say how much is missing."""
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - the same
    from kraken_pipeline.cli.dust import sweep_dust  # noqa: PLC0415 - the same

    asked = Asked(yes=yes, as_json=json, reason=reason)
    raise typer.Exit(sweep_dust(with_books(db), pair, asked))
