"""How long a stream's token is good."""

from datetime import UTC, datetime, timedelta

from kraken_pipeline.simulator.tokens import LIFE, Tokens

NOW = datetime(2026, 10, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_token_stands_for_the_key_that_asked_for_it() -> None:
    tokens = Tokens()
    first, second = tokens.issue("alice", NOW), tokens.issue("bob", NOW)

    assert [tokens.owner(token, NOW) for token in (first, second, "junk")] == ["alice", "bob", None]


def test_a_token_is_good_for_fifteen_minutes() -> None:
    tokens = Tokens()
    token = tokens.issue("alice", NOW)

    assert tokens.owner(token, NOW + LIFE - SECOND) == "alice"
    assert tokens.owner(token, NOW + LIFE) is None


def test_a_held_token_stays_good_until_the_last_holder_lets_go() -> None:
    tokens = Tokens()
    token = tokens.issue("alice", NOW)
    tokens.hold(token)
    tokens.hold(token)
    tokens.release(token)
    tokens.issue("bob", NOW + 2 * LIFE)

    assert tokens.owner(token, NOW + 2 * LIFE) == "alice"
    tokens.release(token)
    assert tokens.owner(token, NOW + 2 * LIFE) is None
    tokens.hold("junk")
    assert tokens.owner("junk", NOW) is None


def test_a_restart_forgets_all() -> None:
    tokens = Tokens()
    token = tokens.issue("alice", NOW)
    tokens.hold(token)

    tokens.clear()

    assert tokens.owner(token, NOW) is None
