"""`keys`: the API keys of this machine."""

import os
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Json
from kraken_pipeline.domain.keys import Role

KeyRole = Annotated[Role | None, typer.Option("--role", help="Of one role only; else of all.")]
KeyUrl = Annotated[
    str | None, typer.Option("--url", help="Of a simulator on this machine; else it is Kraken's.")
]
app = typer.Typer(no_args_is_help=True, help="The API keys of this machine.")


@app.command("setup")
def set_up_keys(
    *,
    role: KeyRole = None,
    url: KeyUrl = None,
    save_unchecked: Annotated[
        bool, typer.Option("--save-unchecked", help="Keep it also if it could not be checked.")
    ] = OFF,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Keep the file's password in the system's keyring.")
    ] = OFF,
    json: Json = OFF,
) -> None:
    """Take an API key, check it with a private call, and keep it sealed in secrets.enc.

    It is typed, or taken from KRAKEN_API_KEY and KRAKEN_API_SECRET, or read as two lines of input.
    KRAKEN_PIPELINE_SECRET_PW gives the file's password where nobody is there to type it.
    """
    from kraken_pipeline.cli.keys import Wish, set_up  # noqa: PLC0415 - only what is asked for

    wish = Wish(role=role, url=url, save_unchecked=save_unchecked, keyring=keyring, as_json=json)
    set_up(os.environ, wish)


@app.command("doctor")
def examine_keys(json: Json = OFF) -> None:
    """Ask Kraken about each key, and say in a sentence what it lacks or has too much."""
    from kraken_pipeline.cli.keys import doctor  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(doctor(os.environ, as_json=json))


@app.command("rotate")
def rotate_keys(
    role: KeyRole = None,
    url: KeyUrl = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Go back to the keys from before the last rotation.")
    ] = OFF,
    json: Json = OFF,
) -> None:
    """Use another key from now on, if live would take it; the old one is kept for a while."""
    from kraken_pipeline.cli.keys import Wish, rotate, undo_rotation  # noqa: PLC0415 - only what is asked for

    if undo:
        undo_rotation(os.environ, as_json=json)
    else:
        rotate(os.environ, Wish(role=role, url=url, as_json=json))


@app.command("forget")
def forget_keys(
    role: KeyRole = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = OFF,
    json: Json = OFF,
) -> None:
    """Remove the key of a role, or every key with its file and the password in the keyring."""
    from kraken_pipeline.cli.keys import forget  # noqa: PLC0415 - only what is asked for

    forget(os.environ, role, is_sure=yes, as_json=json)


@app.command("where")
def show_where_keys_are(json: Json = OFF) -> None:
    """Say where the key of each role comes from."""
    from kraken_pipeline.cli.keys import where  # noqa: PLC0415 - only what is asked for

    where(os.environ, as_json=json)
