"""`locks`: what protections keep from being opened, and for how long."""

from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, Reason, ScopePair, Yes, with_books

app = typer.Typer(no_args_is_help=True, help="Pauses after bad events, by risk.protections.")


@app.command("list")
def list_all(json: Json = OFF, db: Db = None) -> None:
    """List what keeps pairs from being opened now: why, since when and until when."""
    from kraken_pipeline.cli.locks import list_locks  # noqa: PLC0415 - only what is asked for

    list_locks(with_books(db), as_json=json)


@app.command()
def clear(
    lock: Annotated[
        str | None, typer.Argument(metavar="[LOCK]", help="Of one lock; how its id begins.")
    ] = None,
    *,
    pair: ScopePair = None,
    reason: Reason = "",
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Clear all locks, those of a pair, or one: with a reason. The same events lock no more."""
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - only what is asked for
    from kraken_pipeline.cli.locks import clear_some  # noqa: PLC0415 - the same

    asked = Asked(yes=yes, as_json=json, reason=reason)
    clear_some(with_books(db), asked, lock=lock, pair=pair)
