"""Who is let in, with which key, and how often."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from kraken_pipeline.simulator.auth import PERMISSIONS, Key, Request, signature
from kraken_pipeline.simulator.keys import (
    LOCKOUT,
    MOST_WRONG_KEYS,
    MOST_WRONG_NONCES,
    NONCE_SPAN,
    Keys,
)
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.rest_limits import Limits
from kraken_pipeline_tests.simulator.conftest import SECRET, Client

NOW = datetime(2026, 10, 1, tzinfo=UTC)
ALICE = Key(name="alice", secret=b"hers")
BOB = Key(name="bob", secret=b"his", permissions=("query-funds",))
NONE: frozenset[str] = frozenset()


class Marks:
    """Nonces that are remembered and not kept."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}

    def spend(self, key: str, nonce: int, window: int) -> bool:
        good = nonce > self.used.get(key, -1)
        if good:
            self.used[key] = nonce
        return good


class Door:
    """Keys, and calls that are signed rightly unless it is said otherwise."""

    def __init__(self, *keys: Key, limits: Limits = Limits.NONE) -> None:
        self.keys = Keys(keys or (ALICE, BOB), limits=limits)
        self.marks = Marks()
        self.rising = count(1)

    def asks(  # noqa: PLR0913 a call has this many sides, and all are named
        self,
        name: str = "alice",
        *,
        secret: bytes = b"hers",
        nonce: int | None = None,
        method: str = "Balance",
        needs: frozenset[str] = NONE,
        at: datetime = NOW,
        host: str = "127.0.0.1",
    ) -> str:
        """Return why a call is refused, empty if it is let in."""
        path = f"/0/private/{method}"
        text = str(next(self.rising) if nonce is None else nonce)
        request = Request(
            path=path,
            method=method,
            key=name,
            sign=signature(secret, path, text, b""),
            body=b"",
            params=Params({"nonce": text}),
            host=host,
        )
        try:
            self.keys.admit(request, self.marks, needs, at)  # type: ignore[arg-type]  # fits
        except RefusedError as refusal:
            return refusal.text
        return ""


def test_each_key_has_its_own_nonces() -> None:
    door = Door()

    assert door.asks("alice", nonce=10) == ""
    assert door.asks("bob", secret=b"his", nonce=5) == ""
    assert door.asks("alice", nonce=10) == "EAPI:Invalid nonce"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": "carol", "secret": b"?", "nonce": 0}, "EAPI:Invalid key"),
        ({"secret": b"?", "nonce": 0}, "EAPI:Invalid signature"),
        ({"nonce": 0}, "EAPI:Invalid nonce"),
        ({}, "EGeneral:Permission denied"),
    ],
)
def test_the_first_thing_that_is_wrong_is_said(wrong: dict[str, object], why: str) -> None:
    door = Door()
    door.asks(nonce=0)

    assert door.asks(needs=frozenset({"withdraw-funds"}), **wrong) == why  # type: ignore[arg-type]  # by name


def test_a_call_without_permission_has_spent_its_nonce_and_counts() -> None:
    door = Door(limits=Limits.PRIVATE)

    assert door.asks(needs=frozenset({"earn-funds"}), nonce=7) == "EGeneral:Permission denied"
    assert door.asks(nonce=7) == "EAPI:Invalid nonce"
    assert door.keys.count("alice", NOW) == 1


def test_one_of_several_permissions_is_enough() -> None:
    door = Door()

    assert door.asks("bob", secret=b"his", needs=frozenset({"query-funds", "earn-funds"})) == ""


def test_an_expired_key_is_none() -> None:
    door = Door(replace(ALICE, valid_until=NOW))

    assert door.asks(at=NOW - timedelta(seconds=1)) == ""
    assert door.asks(at=NOW) == "EAPI:Invalid key"


@pytest.mark.parametrize(
    ("listed", "why"), [(("10.0.0.0/8",), "EAPI:Invalid key"), (("10.0.0.1", "127.0.0.0/8"), "")]
)
def test_a_key_works_from_its_addresses_only(listed: tuple[str, ...], why: str) -> None:
    assert Door(replace(ALICE, ip_allowlist=listed)).asks() == why


def test_wrong_keys_in_a_row_lock_that_name_out_for_a_while() -> None:
    door = Door()
    wrong = [door.asks("carol") for _ in range(MOST_WRONG_KEYS + 1)]

    assert wrong == ["EAPI:Invalid key"] * MOST_WRONG_KEYS + ["EGeneral:Temporary lockout"]
    assert door.asks("alice") == ""
    assert door.asks("carol", at=NOW + LOCKOUT) == "EAPI:Invalid key"


def test_too_many_wrong_nonces_ban_the_key_for_a_while() -> None:
    door = Door()
    door.asks(nonce=100)
    wrong = [door.asks(nonce=1) for _ in range(MOST_WRONG_NONCES + 1)]

    assert set(wrong) == {"EAPI:Invalid nonce"}
    assert door.asks(nonce=101) == "EGeneral:Temporary lockout"
    assert door.asks(nonce=101, at=NOW + LOCKOUT) == ""


def test_wrong_nonces_now_and_then_do_no_harm() -> None:
    door = Door()
    door.asks(nonce=100)
    moments = [NOW + step * NONCE_SPAN / MOST_WRONG_NONCES for step in range(100)]

    assert {door.asks(nonce=1, at=at) for at in moments} == {"EAPI:Invalid nonce"}


def test_each_key_has_its_own_counter_and_orders_are_not_counted() -> None:
    door = Door(limits=Limits.PRIVATE)
    asked = [door.asks() for _ in range(16)]

    assert asked == [""] * 15 + ["EAPI:Rate limit exceeded"]
    assert door.asks("bob", secret=b"his") == ""
    assert door.asks(method="CancelAll") == ""


def test_without_limits_nothing_is_counted() -> None:
    door = Door()

    assert {door.asks() for _ in range(100)} == {""}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "a b"}, "letters, digits, signs"),
        ({"name": ""}, "0 characters"),
        ({"name": "x" * 121}, "121 characters"),
        ({"permissions": ("fly",)}, "there is no permission 'fly'"),
        ({"nonce_window": -1}, "the nonce window is -1"),
        ({"ip_allowlist": ("home",)}, "'home' does not appear to be"),
    ],
)
def test_what_no_key_has_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(ALICE, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_key_is_added_changed_and_taken_away_from_outside(client: Client) -> None:
    secret = base64.b64encode(b"another").decode()
    added = client.control("keys", name="guard", secret=secret, permissions=["close-trades"])
    changed = client.control("keys", name="guard", nonce_window=50, permissions=["query-funds"])
    gone = client.control("keys", name="guard", remove=True)

    assert [key["name"] for key in added["keys"]] == ["SIMULATOR", "guard"]
    assert changed["keys"][1]["permissions"] == ["query-funds"]
    assert changed["keys"][1]["nonce_window"] == 50
    assert [key["name"] for key in gone["keys"]] == ["SIMULATOR"]
    assert "secret" not in str(added)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"name": "new"}, "give a secret"),
        ({"name": "new", "secret": "-"}, "no base64"),
        ({"name": "SIMULATOR", "permissions": ["fly"]}, "no permission 'fly'"),
        ({"name": "SIMULATOR", "valid_until": "soon"}, "valid_until"),
        ({"name": "SIMULATOR", "color": "red"}, "a key has no 'color'"),
    ],
)
def test_a_key_that_is_told_wrongly_stays(
    client: Client, told: dict[str, object], said: str
) -> None:
    assert said in client.control("keys", **told)["error"]
    assert client.did("GetApiKeyInfo")["permissions"] == list(PERMISSIONS)


def test_a_key_tells_of_itself_as_it_is(client: Client) -> None:
    client.control(
        "keys",
        name="SIMULATOR",
        permissions=["query-funds", "withdraw-funds"],
        nonce_window=10,
        ip_allowlist=["127.0.0.1"],
        valid_until="2027-01-01T00:00:00Z",
        query_from="2026-01-01T00:00:00Z",
    )

    info = client.did("GetApiKeyInfo")

    assert info["permissions"] == ["query-funds", "withdraw-funds"]
    assert (info["nonce"], info["nonceWindow"]) == ("1", 10)
    assert info["ipAllowlist"] == ["127.0.0.1"]
    assert (info["validUntil"], info["queryFrom"]) == ("1798761600", "1767225600")
    assert (info["queryTo"], info["modifiedTime"]) == ("0", "1790812800")


def test_a_token_needs_its_permission_and_belongs_to_the_key(
    client: Client, served: Served
) -> None:
    answer = client.did("GetWebSocketsToken")
    client.control("keys", name="SIMULATOR", permissions=["query-funds"])

    assert answer["expires"] == 900
    assert served.service.tokens.owner(answer["token"], served.exchange.clock.now()) == "SIMULATOR"
    assert client.refused("GetWebSocketsToken") == "EGeneral:Permission denied"


def test_limits_hold_once_they_are_set(client: Client) -> None:
    client.control("limits", limits="all")
    private = [client.call("Balance")["error"] for _ in range(16)]
    public = [client.public("OHLC", pair=pair)["error"] for pair in ("XBTUSD", "XXBTZUSD") * 2]

    assert private == [[]] * 15 + [["EAPI:Rate limit exceeded"]]
    assert public == [[], [], ["EGeneral:Too many requests"], ["EGeneral:Too many requests"]]
    assert "one of none, private, all" in client.control("limits", limits="some")["error"]


def test_a_listing_of_keys_shows_no_secret(client: Client) -> None:
    assert SECRET not in client.session.get(f"{client.url}/_sim/keys", timeout=5).text


def test_a_lockout_lasts_a_quarter_of_an_hour() -> None:
    door = Door()
    for _ in range(MOST_WRONG_KEYS):
        door.asks("carol")

    assert door.asks("carol", at=NOW + timedelta(minutes=14.9)) == "EGeneral:Temporary lockout"
    assert door.asks("carol", at=NOW + timedelta(minutes=15)) == "EAPI:Invalid key"


def test_a_call_that_is_let_in_ends_a_row_of_wrong_ones() -> None:
    door = Door(replace(ALICE, ip_allowlist=("127.0.0.1",)))
    for _ in range(2):
        wrong = [door.asks(host="10.0.0.1") for _ in range(MOST_WRONG_KEYS - 1)]

        assert set(wrong) == {"EAPI:Invalid key"}
        assert door.asks() == ""
