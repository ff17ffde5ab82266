"""What a person tells a simulator on a command line, read once for every way to start one."""

import base64
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from kraken_pipeline.simulator.auth import Key, secret_of

SECRET: Final = "KRAKEN_SIMULATOR_SECRET"  # noqa: S105 the variable's name
_SECRET_BYTES: Final = 64
"""As many as Kraken's secrets have."""


def key_of(text: str, environ: Mapping[str, str]) -> Key:
    """Return the key that NAME=BASE64SECRET spells, or NAME with its secret in the environment.

    A list of processes shows the first form to everyone on the machine, the second to no one.

    Raises:
        ValueError: the name or the secret is wrong, or there is no secret.
    """
    name, told, secret = text.partition("=")
    if not told:
        secret = environ.get(SECRET, "")
        if not secret:
            raise ValueError(f"set {SECRET} to the API secret, base64, or give {name}=BASE64SECRET")
    return Key(name=name, secret=secret_of(secret))


def new_key() -> tuple[Key, str]:
    """Return a key that nobody knows, and its secret in base64."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    return Key(name=f"sim-{secrets.token_hex(8)}", secret=secret), base64.b64encode(secret).decode()


def amount_of(text: str) -> tuple[str, Decimal]:
    """Return the asset and the amount that ASSET=AMOUNT spells.

    Raises:
        ValueError: it is not of that form.
    """
    asset, _, amount = text.partition("=")
    try:
        return asset, Decimal(amount)
    except InvalidOperation as wrong:
        raise ValueError(f"{text!r} is no balance; give it as ZUSD=10000") from wrong


def instant_of(text: str) -> datetime:
    """Return the time that an ISO-8601 text spells; UTC unless it says otherwise.

    Raises:
        ValueError: it spells none.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise ValueError(f"{text!r} is no time; give it as 2026-10-01T12:00") from wrong
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
