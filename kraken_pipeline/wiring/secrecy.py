"""Which secrets this process knows, so that nothing prints them (SEC-6)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from kraken_pipeline.secrets.redact import Redactor
from kraken_pipeline.wiring.exchange import SECRET

VARIABLES: Final = ("KRAKEN_API_KEY", "KRAKEN_API_SECRET", "KRAKEN_PIPELINE_SECRET_PW")
DATABASE: Final = "KRAKEN_PIPELINE_DB_URL"
SHORTEST: Final = 6
"""Letters; to blot out every place where a shorter one stands would blot out everything."""


def redactor(environ: Mapping[str, str]) -> Redactor:
    """Return what takes the secrets of this environment out of a text."""
    known = [SECRET, *(environ.get(name, "") for name in VARIABLES)]
    known.append(_password(environ.get(DATABASE, "")))
    return Redactor(each for each in known if len(each) >= SHORTEST)


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""
