"""Which secrets this process knows, so that nothing prints them (SEC-6)."""

import http.client
import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from kraken_pipeline.secrets.environment import KEY, PASSWORD
from kraken_pipeline.secrets.environment import SECRET as SECRET_VARIABLE
from kraken_pipeline.secrets.redact import SHORTEST, RedactingRecords, Redactor
from kraken_pipeline.settings.environment import DB_URL
from kraken_pipeline.wiring.exchange import SECRET

VARIABLES: Final = (KEY, SECRET_VARIABLE, PASSWORD)
KNOWN: Final = Redactor()
"""One for the process, as its logs and its last words are one for the process."""


def learn(secret: str) -> None:
    """Know a secret from the moment that it is read.

    What is too short is left: to blot out every place where it stands would blot out everything.
    """
    if len(secret) >= SHORTEST:
        KNOWN.learn(secret)


def redactor(environ: Mapping[str, str]) -> Redactor:
    """Return what takes the secrets of this process out of a text, those of `environ` included."""
    learn(SECRET)
    for name in VARIABLES:
        learn(environ.get(name, "").strip())
    learn(_password(environ.get(DB_URL, "")))
    return KNOWN


def keep_secrets(environ: Mapping[str, str]) -> None:
    """Let no log record of this process hold a secret, whatever library writes or handles it.

    http.client prints headers as they are, keys and signatures among them, once somebody sets its
    debug level; it prints past every log.
    """
    known = redactor(environ)
    usual = logging.getLogRecordFactory()
    if not isinstance(usual, RedactingRecords):
        logging.setLogRecordFactory(RedactingRecords(known, usual))
    vars(http.client)["print"] = _print_redacted


def _print_redacted(*parts: object) -> None:
    print(*(KNOWN.redact(str(each)) for each in parts))  # noqa: T201 - in print's place


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""
