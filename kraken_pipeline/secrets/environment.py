"""The environment as a source of keys: both variables or neither."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.errors import KeyMissingError

if TYPE_CHECKING:
    from kraken_pipeline.secrets.vault import StoredKey

KEY: Final = "KRAKEN_API_KEY"
SECRET: Final = "KRAKEN_API_SECRET"  # noqa: S105 - the name of a variable
PASSWORD: Final = "KRAKEN_PIPELINE_SECRET_PW"  # noqa: S105 - the name of a variable


def key_from(environ: Mapping[str, str]) -> "StoredKey | None":
    """Return the key that the environment gives, or None where it says nothing of one.

    Raises:
        KeyMissingError: one of the two variables is set and the other is not.
    """
    key, secret = (environ.get(name, "").strip() for name in (KEY, SECRET))
    if not key and not secret:
        return None
    if not key or not secret:
        there, missing = (KEY, SECRET) if key else (SECRET, KEY)
        raise KeyMissingError(
            f"{there} is set, but {missing} is not. Set both, or unset {there} to use the key file"
        )
    from kraken_pipeline.secrets.vault import StoredKey  # noqa: PLC0415 - ciphers are heavy

    return StoredKey(key=key, secret=secret)
