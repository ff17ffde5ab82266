"""What a key is told about itself, and its tokens for streams."""

from datetime import datetime
from typing import Final

from kraken_pipeline.simulator import wire
from kraken_pipeline.simulator.auth import Key
from kraken_pipeline.simulator.tokens import LIFE

NEVER: Final = "0"


def key_info(key: Key, nonce: int, now: datetime) -> str:
    """Answer GetApiKeyInfo.

    Args:
        key: that asks.
        nonce: the highest that it has used.
        now: this call is its last use.
    """
    return wire.text(
        {
            "apiKeyName": key.name,
            "apiKey": key.name,
            "nonce": str(max(nonce, 0)),
            "nonceWindow": key.nonce_window,
            "permissions": list(key.permissions),
            "iban": "",
            "validUntil": _seconds(key.valid_until),
            "queryFrom": _seconds(key.query_from),
            "queryTo": _seconds(key.query_to),
            "createdTime": _seconds(key.created),
            "modifiedTime": _seconds(key.modified),
            "lastUsed": _seconds(now),
            "ipAllowlist": list(key.ip_allowlist),
        }
    )


def websockets_token(token: str) -> str:
    """Answer GetWebSocketsToken."""
    return wire.text({"token": token, "expires": int(LIFE.total_seconds())})


def _seconds(at: datetime | None) -> str:
    return NEVER if at is None else str(int(at.timestamp()))
