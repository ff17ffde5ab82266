from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.introspection import key_info_from

REPLY: dict[str, object] = {
    "apiKeyName": "pipeline",
    "apiKey": "not kept",
    "nonce": "1795000000000001",
    "nonceWindow": 0,
    "permissions": ["query-funds", "modify-trades"],
    "iban": "AA00",
    "validUntil": "1798761600",
    "queryFrom": "0",
    "queryTo": "0",
    "createdTime": "1772000000",
    "modifiedTime": "1772000000",
    "lastUsed": "1795000000",
    "ipAllowlist": ["192.0.2.1"],
}


def test_what_kraken_says_of_a_key_is_read_without_the_key() -> None:
    info = key_info_from(REPLY)

    assert info.permissions == {"query-funds", "modify-trades"}
    assert (info.nonce, info.nonce_window) == (1795000000000001, 0)
    assert info.valid_until == datetime(2027, 1, 1, tzinfo=UTC)
    assert (info.query_from, info.query_to) == (None, None)
    assert info.ip_allowlist == ("192.0.2.1",)
    assert "not kept" not in repr(info)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("permissions", "query-funds"),
        ("permissions", [1]),
        ("validUntil", "soon"),
        ("validUntil", "999999999999999"),
        ("nonce", None),
        ("ipAllowlist", None),
    ],
)
def test_an_odd_field_is_an_error_that_names_it(field: str, value: object) -> None:
    with pytest.raises(UnexpectedReplyError, match=field):
        key_info_from(REPLY | {field: value})
