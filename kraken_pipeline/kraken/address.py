"""Where requests go: an address of this machine for paper, and nothing else."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kraken_pipeline.domain.errors import ConfigurationError

LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names of this machine that never leave it."""


@dataclass(frozen=True, slots=True)
class LoopbackAddress:
    """An address that only this machine answers, so that paper cannot reach an exchange (INV-9)."""

    url: str
    """`http://127.0.0.1:PORT`, with `localhost` or `[::1]` as other spellings of the host."""

    def __post_init__(self) -> None:
        """Refuse whatever could name another machine.

        Raises:
            ConfigurationError: another scheme or host, no port, or anything beside the three.
        """
        if not _is_loopback(self.url):
            raise ConfigurationError(
                f"the simulator's address is {self.url!r}; it must be http://127.0.0.1:PORT, "
                "http://localhost:PORT or http://[::1]:PORT: paper never leaves this machine"
            )

    def __str__(self) -> str:
        return self.url


def require_safe(url: str) -> str:
    """Return the address if keys may be sent there: over TLS, or within this machine.

    Raises:
        ConfigurationError: the address is not plain `https://host`, and not on this machine.
    """
    if _is_loopback(url) or _is_tls(url):
        return url
    raise ConfigurationError(
        f"the exchange's address is {url!r}; it must be https://HOST without a path, "
        "or http on this machine with a port"
    )


def _is_loopback(url: str) -> bool:
    parts = _parts(url)
    return (
        parts is not None
        and parts.scheme == "http"
        and parts.hostname in LOOPBACK_HOSTS
        and parts.port not in {None, 0}
        and _says_no_more(url, parts)
    )


def _is_tls(url: str) -> bool:
    parts = _parts(url)
    return (
        parts is not None
        and parts.scheme == "https"
        and bool(parts.hostname)
        and _says_no_more(url, parts)
    )


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number raises here
    except ValueError:
        return None
    return parts


def _says_no_more(url: str, parts: SplitResult) -> bool:
    """Only scheme, host and port: user names, paths and odd characters hide other hosts."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    return url == f"{parts.scheme}://{host}{port}"
