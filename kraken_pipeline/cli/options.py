"""What several commands can be told."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings.environment import DB_URL

OFF: Final = False
"""A flag that was not given."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
Db = Annotated[
    str | None,
    typer.Option("--db", help="Books other than the configured: a file, or a database's URL."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; live only shows the effect otherwise.")]
Agreed = Annotated[bool, typer.Option("--yes", help="Do it; else the effect is only shown.")]
Reason = Annotated[str, typer.Option("--reason", help="Kept in the journal.")]
ScopePair = Annotated[str | None, typer.Option("--pair", help="Of one pair only.")]
ScopeAsset = Annotated[str | None, typer.Option("--asset", help="Of one asset only.")]
ScopeStrategy = Annotated[str | None, typer.Option("--strategy", help="Of one strategy only.")]
OrderId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="Of the order: ours, Kraken's, its cl_ord_id, or how one begins."
    ),
]


def with_books(db: str | None) -> Mapping[str, str]:
    """Return the environment, with other books in it where some were named.

    Raises:
        ConfigurationError: they are named by a file that is not there.
    """
    return os.environ if db is None else {**os.environ, DB_URL: books_url(db)}


def books_url(db: str) -> str:
    """Return the URL of books that are named by a file or a URL.

    Raises:
        ConfigurationError: there is no such file: a slip may not begin new books.
    """
    if "://" in db and not db.startswith("sqlite"):
        return db
    file = Path(db.removeprefix("sqlite:///")).expanduser()
    if not file.is_file():
        raise ConfigurationError(f"--db is {db!r}: there is no file {file}")
    return f"sqlite:///{file.resolve().as_posix()}"
