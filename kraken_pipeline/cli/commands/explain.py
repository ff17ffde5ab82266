"""`explain`: why something is as it is."""

from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, OrderId, with_books

app = typer.Typer(no_args_is_help=True, help="Why something is as it is: the chain of evidence.")


@app.command("order")
def order(order: OrderId, json: Json = OFF, db: Db = None) -> None:
    """Show all that led to an order and all that came of it, with the bars that were seen."""
    from kraken_pipeline.cli.explain import explain_order  # noqa: PLC0415 - only what is asked for

    explain_order(with_books(db), order, as_json=json)


@app.command("denial")
def denial(
    what: Annotated[
        str, typer.Argument(metavar="ID|PAIR", help="An intent, or a pair for its newest ones.")
    ],
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show why something was not bought or sold, and what would have to change."""
    from kraken_pipeline.cli.denials import explain_denial  # noqa: PLC0415 - the same

    explain_denial(with_books(db), what, as_json=json)


@app.command("pair")
def pair(
    pair: Annotated[str, typer.Argument(metavar="PAIR", help="Such as XBTUSD.")],
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show whether a pair is tradable or why not, what is held, open and denied of it."""
    from kraken_pipeline.cli.explain import explain_pair  # noqa: PLC0415 - the same

    explain_pair(with_books(db), pair, as_json=json)


@app.command("asset")
def asset(
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Such as XBT.")],
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show what is held of an asset, in which books, by which entries of the ledger."""
    from kraken_pipeline.cli.explain import explain_asset  # noqa: PLC0415 - the same

    explain_asset(with_books(db), asset, as_json=json)


@app.command("drift")
def drift(json: Json = OFF, db: Db = None) -> None:
    """Show where books and balances part, since when, and what the last comparisons found."""
    from kraken_pipeline.cli.explain import explain_drift  # noqa: PLC0415 - the same

    explain_drift(with_books(db), as_json=json)
