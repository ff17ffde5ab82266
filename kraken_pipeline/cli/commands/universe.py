"""`universe`: which pairs may be traded, and why the others may not."""

from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, with_books

app = typer.Typer(no_args_is_help=True, help="Which pairs may be traded, and why others may not.")
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME|VERSION",
        help="As it was then, ISO-8601 with its zone, or a version; else the newest.",
    ),
]


@app.command("list")
def list_pairs(
    *,
    at: At = None,
    out: Annotated[
        bool, typer.Option("--out", help="The pairs that are out, each with its reasons.")
    ] = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """List the pairs that may be traded, or those that may not."""
    from kraken_pipeline.cli.universe import list_universe  # noqa: PLC0415 - only what is asked for

    list_universe(with_books(db), at=at, out=out, as_json=json)


@app.command()
def explain(
    pair: Annotated[str, typer.Argument(metavar="PAIR", help="XBTUSD, BTC/USD, XXBTZUSD ...")],
    at: At = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show what every filter saw of a pair, what it asked, and what it said."""
    from kraken_pipeline.cli.universe import explain_membership  # noqa: PLC0415 - the same

    explain_membership(with_books(db), pair, at=at, as_json=json)
