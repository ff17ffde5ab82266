"""The password of the key file in the keyring of the operating system, where there is one."""

from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError

SERVICE: Final = "kraken_pipeline"


def recall(file: Path) -> str | None:
    """Return the password that was kept for a key file; None where none is, or no keyring."""
    import keyring  # noqa: PLC0415 - it looks for every backend there is; few need that
    from keyring.errors import KeyringError  # noqa: PLC0415 - the same

    try:
        return keyring.get_password(SERVICE, str(file))
    except (KeyringError, *_TROUBLES):
        return None


def keep(file: Path, password: str) -> None:
    """Keep the password of a key file.

    Raises:
        ConfigurationError: there is no keyring, or it refuses.
    """
    import keyring  # noqa: PLC0415 - it looks for every backend there is; few need that
    from keyring.errors import KeyringError  # noqa: PLC0415 - the same

    try:
        keyring.set_password(SERVICE, str(file), password)
    except (KeyringError, *_TROUBLES) as failure:
        # what a keyring says may hold what it was given
        raise ConfigurationError(
            f"this machine has no keyring that would keep the password ({type(failure).__name__}); "
            "set KRAKEN_PIPELINE_SECRET_PW instead"
        ) from None


def forget(file: Path) -> bool:
    """Remove the password of a key file; False if none was kept."""
    import keyring  # noqa: PLC0415 - it looks for every backend there is; few need that
    from keyring.errors import KeyringError  # noqa: PLC0415 - the same

    try:
        keyring.delete_password(SERVICE, str(file))
    except (KeyringError, *_TROUBLES):
        return False
    return True


_TROUBLES: Final = (ImportError, AttributeError, OSError, RuntimeError, ValueError)
"""What backends are known to raise beside their own errors: a bus that is not there, a module."""
