from datetime import UTC, datetime, timedelta

import pytest

from kraken_pipeline.domain.errors import AuthError, UnexpectedReplyError
from kraken_pipeline.kraken.keys import key_info, key_info_from, token_from, websockets_token
from kraken_pipeline_tests.kraken.lines import line_to
from kraken_pipeline_tests.kraken.scripted import always, ok, refuses, scripted

INFO: dict[str, object] = {
    "apiKeyName": "desk",
    "apiKey": "made-up-key",
    "nonce": "1772150400000000000",
    "nonceWindow": 0,
    "permissions": ["query-funds", "modify-trades"],
    "iban": "",
    "validUntil": "1788415303",
    "queryFrom": "0",
    "queryTo": "0",
    "createdTime": "1772150000",
    "modifiedTime": "0",
    "lastUsed": "0",
    "ipAllowlist": [],
}


def test_a_key_says_what_it_may_do_and_how_far_its_nonce_is() -> None:
    with scripted(always(ok(INFO))) as server:
        info = key_info(line_to(server.url))

        assert server.heard[0].path == "/0/private/GetApiKeyInfo"
        assert info.permissions == {"query-funds", "modify-trades"}
        assert info.nonce == 1772150400000000000
        assert info.valid_until == datetime(2026, 9, 3, 6, 1, 43, tzinfo=UTC)
        assert (info.query_from, info.query_to) == (None, None)


def test_what_is_not_said_of_a_key_is_unknown() -> None:
    info = key_info_from({"nonce": "1", "permissions": []})

    assert (info.ip_allowlist, info.nonce_window, info.name) == (None, None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "-1"},
        {"nonce": None},
        {"permissions": None},
        {"permissions": [1]},
        {"validUntil": "tomorrow"},
        {"validUntil": "-5"},
    ],
)
def test_an_odd_word_on_a_key_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UnexpectedReplyError):
        key_info_from({**INFO, **changes})


def test_a_token_is_given_with_its_life_and_never_shown() -> None:
    with scripted(always(ok({"token": "planted-token", "expires": 900}))) as server:
        token = websockets_token(line_to(server.url))

        assert (token.token, token.lasts) == ("planted-token", timedelta(minutes=15))
        assert "planted" not in repr(token)


def test_a_key_that_may_not_stream_is_told_so() -> None:
    with (
        scripted(always(refuses("EGeneral:Permission denied"))) as server,
        pytest.raises(AuthError, match="Permission denied"),
    ):
        websockets_token(line_to(server.url))


@pytest.mark.parametrize("reply", [{}, {"token": ""}, {"token": ["planted-token"]}])
def test_an_answer_without_a_token_is_refused_and_not_repeated(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError) as failed:
        token_from(reply)

    assert "planted" not in str(failed.value)
