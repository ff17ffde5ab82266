"""What the exchange says of the key that asks: permissions, nonce, expiry, addresses."""

from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.keys import KeyInfo
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import EPOCH, LAST_SECOND, Record, record
from kraken_pipeline.kraken.http import PrivateLine

METHOD: Final = "GetApiKeyInfo"


def key_info(line: PrivateLine) -> KeyInfo:
    """Ask what the key of this line may do. No permission is needed for that.

    Raises:
        UnreachableError: it may be asked again.
        AuthError: there is no such key, or the secret is another one's.
        UnexpectedReplyError: refused, or not to be read.

    Source: docs.kraken.com/api/docs/rest-api/get-api-key-info.
    """
    return key_info_from(line.call(METHOD, {}, call=Call.READ))


def key_info_from(reply: object) -> KeyInfo:
    """Read GetApiKeyInfo. What is not set comes as "0".

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    fields = record(reply, METHOD)
    return KeyInfo(
        name=fields.text("apiKeyName"),
        permissions=frozenset(_texts(fields, "permissions")),
        nonce=int(fields.unsigned("nonce")),
        nonce_window=int(fields.unsigned("nonceWindow")),
        valid_until=_instant_or_none(fields, "validUntil"),
        query_from=_instant_or_none(fields, "queryFrom"),
        query_to=_instant_or_none(fields, "queryTo"),
        ip_allowlist=tuple(_texts(fields, "ipAllowlist")),
    )


def _texts(fields: Record, name: str) -> list[str]:
    texts = [each for each in fields.items(name) if isinstance(each, str)]
    if len(texts) != len(fields.items(name)):
        raise UnexpectedReplyError(f"{METHOD}: the field {name!r} holds something else than text")
    return texts


def _instant_or_none(fields: Record, name: str) -> datetime | None:
    seconds = int(fields.unsigned(name))
    if seconds > LAST_SECOND:
        raise UnexpectedReplyError(f"{METHOD}: the field {name!r} is no time in Unix seconds")
    return EPOCH + timedelta(seconds=seconds) if seconds else None
