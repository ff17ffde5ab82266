"""What a key may do, and the token that lets it onto the private stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.keys import KeyInfo
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import EPOCH, LAST_SECOND, Record, exact, record
from kraken_pipeline.kraken.http import PrivateLine

UNSET: Final = frozenset({"", "0"})
"""How Kraken writes a time that is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamToken:
    """A token for the private stream. Printing it does not show it."""

    token: str = field(repr=False)
    lasts: timedelta
    """How long it may be used for a first subscription."""


def key_info(line: PrivateLine) -> KeyInfo:
    """Ask what the line's key may do. It needs no permission.

    Raises:
        UnreachableError: it may be asked again.
        AuthError: the key was refused.
        UnexpectedReplyError: refused, or not to be read.

    Source: docs.kraken.com/api/docs/rest-api/get-api-key-info.
    """
    return key_info_from(line.call("GetApiKeyInfo", {}, call=Call.READ))


def key_info_from(reply: object) -> KeyInfo:
    """Read GetApiKeyInfo.

    Raises:
        UnexpectedReplyError: nonce or permissions are missing, or a field is odd.
    """
    fields = record(reply, "GetApiKeyInfo")
    nonce = fields.text("nonce")
    if not (nonce.isascii() and nonce.isdecimal()):
        raise UnexpectedReplyError(f"GetApiKeyInfo: the field 'nonce' is {nonce[:40]!r}")
    return KeyInfo(
        name=fields.text_or_none("apiKeyName"),
        nonce=int(nonce),
        nonce_window=None if "nonceWindow" not in fields.fields else fields.whole("nonceWindow"),
        permissions=frozenset(fields.texts("permissions")),
        ip_allowlist=fields.texts("ipAllowlist") if "ipAllowlist" in fields.fields else None,
        valid_until=_instant(fields, "validUntil"),
        query_from=_instant(fields, "queryFrom"),
        query_to=_instant(fields, "queryTo"),
    )


def websockets_token(line: PrivateLine) -> StreamToken:
    """Ask for a token; the key needs the permission `create-ws-token`.

    Raises:
        UnreachableError: it may be asked again.
        AuthError: the key was refused, or lacks the permission.
        UnexpectedReplyError: refused, or not to be read.

    Source: docs.kraken.com/api/docs/rest-api/get-websockets-token.
    """
    return token_from(line.call("GetWebSocketsToken", {}, call=Call.READ))


def token_from(reply: object) -> StreamToken:
    """Read GetWebSocketsToken.

    Raises:
        UnexpectedReplyError: there is no token; what came is not repeated.
    """
    fields = record(reply, "GetWebSocketsToken")
    token = fields.fields.get("token")
    if not isinstance(token, str) or not token:
        raise UnexpectedReplyError("GetWebSocketsToken: the answer has no token")
    return StreamToken(token=token, lasts=timedelta(seconds=fields.whole("expires")))


def _instant(fields: Record, name: str) -> datetime | None:
    if not _is_set(fields.fields, name):
        return None
    seconds = exact(fields.fields[name])
    if seconds is None or not 0 < seconds < LAST_SECOND:
        raise UnexpectedReplyError(
            f"GetApiKeyInfo: the field {name!r} is {str(fields.fields[name])[:40]!r} and no time"
        )
    return EPOCH + timedelta(seconds=int(seconds))


def _is_set(fields: Mapping[str, object], name: str) -> bool:
    value = fields.get(name)
    return value is not None and str(value) not in UNSET
