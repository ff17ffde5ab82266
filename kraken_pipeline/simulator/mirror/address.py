"""Whose public data is mirrored if nobody says otherwise."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

KRAKEN: Final = "https://api.kraken.com"
"""Of which only public paths are ever asked. Source: kraken/rest.md §1."""


def is_this_machine(url: str) -> bool:
    """Tell whether an address is one of this machine, by its number."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False
