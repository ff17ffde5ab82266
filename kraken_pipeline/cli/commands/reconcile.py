"""`reconcile`: compare books and exchange, see where they part, bring the books back by hand."""

from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, Reason, Yes, with_books
from kraken_pipeline.cli.stopping import told_of_ctrl_c

app = typer.Typer()
AGAIN = "what was learned until then is written; run it again"
Asset = Annotated[
    str, typer.Argument(metavar="ASSET", help="Such as XBT; or one of its balances, such as XBT.F.")
]


@app.callback(invoke_without_command=True)
@told_of_ctrl_c(AGAIN)
def reconcile(
    context: typer.Context,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Read fills and ledger also where no balance moved.")
    ] = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Compare books and exchange once, correct the books, and print what was found."""
    if context.invoked_subcommand is not None:
        if full or json or db is not None:
            raise typer.BadParameter(f"options stand behind {context.invoked_subcommand}")
        return
    from kraken_pipeline.cli.reconcile import run  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(run(with_books(db), full=full, as_json=json))


@app.command()
def explain(asset: Asset, json: Json = OFF, db: Db = None) -> None:
    """Name the first entry of the ledger where it and the balances part, and what was adjusted."""
    from kraken_pipeline.cli.drift import explain_drift_of  # noqa: PLC0415 - only what is asked for

    explain_drift_of(with_books(db), asset, as_json=json)


# an amount may be below zero, and is no option then
@app.command(context_settings={"ignore_unknown_options": True})
@told_of_ctrl_c("look with `reconcile explain` whether it was adjusted")
def adjust(
    asset: Asset,
    amount: Annotated[
        str,
        typer.Argument(
            metavar="AMOUNT", help="All that the ledger lacks; below zero where it has too much."
        ),
    ],
    *,
    reason: Reason = "",
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Bring the ledger of a drifting balance to the exchange's by an entry with your reason."""
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - the same
    from kraken_pipeline.cli.drift import adjust_drift  # noqa: PLC0415 - the same

    asked = Asked(yes=yes, as_json=json, reason=reason)
    adjust_drift(with_books(db), asset, amount, asked)
