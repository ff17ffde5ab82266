"""Where the password of the key file comes from: the environment, the keyring, or a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError, KeyMissingError
from kraken_pipeline.secrets import os_keyring
from kraken_pipeline.secrets.environment import PASSWORD

Ask = Callable[[str], str]
"""Shows a question and returns the answer, which is not shown."""
SHORTEST: Final = 8
"""Characters of a new password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """A password, and who gave it. Printing it does not show it."""

    text: str = field(repr=False)
    source: str


def find_password(file: Path, environ: Mapping[str, str], *, ask: Ask | None) -> Password:
    """Return the password of a key file from the first source that has one.

    Args:
        file: the key file.
        environ: the environment, usually `os.environ`.
        ask: asks a person; None where nobody is there.

    Raises:
        KeyMissingError: no source has one.
    """
    given = environ.get(PASSWORD)
    if given:
        return Password(text=given, source=PASSWORD)
    kept = os_keyring.recall(file)
    if kept:
        return Password(text=kept, source="the keyring")
    if ask is None:
        raise KeyMissingError(
            f"{file} is locked and no password is given: set {PASSWORD}, or keep it in the "
            "keyring with `kraken-pipeline keys setup --keyring`"
        )
    return Password(text=ask(f"Password of {file}: "), source="what was typed")


def new_password(file: Path, environ: Mapping[str, str], *, ask: Ask | None) -> Password:
    """Return the password for a key file that is about to be made.

    Raises:
        KeyMissingError: nobody is there to choose one.
        InvalidValueError: it is too short, or was typed differently the second time.
    """
    given = environ.get(PASSWORD)
    if given:
        return _long_enough(Password(text=given, source=PASSWORD))
    if ask is None:
        raise KeyMissingError(f"{file} needs a password: set {PASSWORD}")
    typed = ask(f"A new password for {file}: ")
    if ask("The same again: ") != typed:
        raise InvalidValueError("the two passwords differ; nothing was saved")
    return _long_enough(Password(text=typed, source="what was typed"))


def _long_enough(password: Password) -> Password:
    if len(password.text) < SHORTEST:
        raise InvalidValueError(
            f"the password has {len(password.text)} characters; it needs {SHORTEST} at the least"
        )
    return password
