"""One call to a ready client and the configuration, for notebooks and programs of one's own.

    from kraken_pipeline.bootstrap import bootstrap

    client, config = bootstrap()
    print(client.account.balances(), config.execution.mode)

On paper nothing is needed: the client is one of the simulator, which is started if none runs. In
live it reads the real account with the reader's key; it cannot send an order.
"""

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.errors import (
    AuthError,
    ExchangeError,
    KeyMalformedError,
    KeyMissingError,
    PipelineError,
    WrongPasswordError,
)
from kraken_pipeline.secrets.vault import KRAKEN, StoredKey
from kraken_pipeline.settings import Loaded, Settings, load, prepare_data_dir
from kraken_pipeline.wiring.client import Client, open_client
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.key_desk import EVERY_ROLE, KeyDesk
from kraken_pipeline.wiring.secrecy import keep_secrets

if TYPE_CHECKING:
    from kraken_pipeline.wiring.live import Origin


class Reason(StrEnum):
    """Why there is no client."""

    MISSING = "missing"
    """No key is given, or no password for the file that keeps it."""
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason
    """The key file does not open."""
    INVALID = "invalid"
    """The exchange refuses the key, or would: it is not of the form of a key."""
    UNREACHABLE = "unreachable"
    """The exchange did not answer, or not so that it could be read: nothing is known of the key."""


REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.MISSING: "set KRAKEN_API_KEY and KRAKEN_API_SECRET, or run `kraken-pipeline keys setup`",
    Reason.WRONG_PASSWORD: "set KRAKEN_PIPELINE_SECRET_PW to the password of the key file",
    Reason.INVALID: "run `kraken-pipeline keys doctor`; a new key goes in with `keys setup`",
    Reason.UNREACHABLE: "look at the network and at status.kraken.com, then try again",
}


class CredentialBootstrapError(PipelineError):
    """There is no client, for want of a key that works. It holds no secret."""

    def __init__(self, reason: Reason, message: str) -> None:
        """Say why, and what helps.

        Args:
            reason: which of four it is.
            message: what was found.
        """
        super().__init__(f"{reason}: {message}. Remedy: {REMEDIES[reason]}")
        self.reason: Final = reason
        self.message: Final = message
        self.remedy: Final = REMEDIES[reason]


def bootstrap(
    *,
    interactive: bool = False,
    environ: Mapping[str, str] = os.environ,
    origin: "Origin | None" = None,
) -> tuple[Client, Settings]:
    """Return a client whose key was checked, and the configuration.

    Args:
        interactive: somebody is there who can type a password, and a key where none is kept.
        environ: the environment.
        origin: in live another exchange than Kraken, for a program that stands one in its place.

    Raises:
        CredentialBootstrapError: no key works; its `reason` says why.
        ConfigurationError: the configuration is wrong, or the key file may not be used as it is.
    """
    keep_secrets(environ)
    loaded = load(environ)
    prepare_data_dir(loaded)
    try:
        return _client(loaded, environ, interactive=interactive, origin=origin), loaded.settings
    except KeyMissingError as missing:
        raise CredentialBootstrapError(Reason.MISSING, str(missing)) from None
    except WrongPasswordError as wrong:
        raise CredentialBootstrapError(Reason.WRONG_PASSWORD, str(wrong)) from None
    except (AuthError, KeyMalformedError) as refusal:
        raise CredentialBootstrapError(Reason.INVALID, str(refusal)) from None
    except ExchangeError as failure:
        raise CredentialBootstrapError(Reason.UNREACHABLE, str(failure)) from None


def _client(
    loaded: Loaded, environ: Mapping[str, str], *, interactive: bool, origin: "Origin | None"
) -> Client:
    ask = getpass.getpass if interactive else None
    desk = KeyDesk(environ, ask=ask, origin=origin)
    given = desk.credentials.from_environment
    try:
        return open_client(loaded, desk.credentials, origin=origin)
    except KeyMissingError:
        # keys that are there for something else are not typed over
        if not interactive or given is not None or desk.credentials.file.exists():
            raise
    _take_key(desk, loaded)
    return open_client(loaded, desk.credentials, origin=origin)


def _take_key(desk: KeyDesk, loaded: Loaded) -> None:
    """Ask for a key, have it checked, and keep it for every role."""
    place = loaded.simulator_url or KRAKEN
    sys.stderr.write(f"There is no key for {place} yet; {desk.file} will keep one, sealed.\n")
    key = StoredKey(
        key=input("API key: ").strip(),
        secret=getpass.getpass("API secret (it is not shown): ").strip(),
        place=place,
    )
    if not key.key or not key.secret:
        raise KeyMissingError("no key was typed; nothing was saved")
    desk.tried(key)
    desk.keep(replace(key, checked_at=system_now()), EVERY_ROLE)
