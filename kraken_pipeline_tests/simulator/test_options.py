"""What a command line may say."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.simulator.auth import secret_of
from kraken_pipeline.simulator.options import SECRET, amount_of, instant_of, key_of, new_key


def test_a_key_has_its_secret_beside_it_or_in_the_environment() -> None:
    told = key_of("alice=aGVycw==", {SECRET: "aGlz"})
    kept = key_of("bob", {SECRET: "aGlz"})

    assert (told.name, told.secret) == ("alice", b"hers")
    assert (kept.name, kept.secret) == ("bob", b"his")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alice", "set KRAKEN_SIMULATOR_SECRET"),
        ("alice=", "the API secret is empty"),
        ("alice=é", "no base64"),
        ("=aGVycw==", "0 characters"),
    ],
)
def test_a_key_that_is_told_wrongly_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        key_of(text, {})


def test_a_made_up_key_is_a_new_one_each_time() -> None:
    (first, secret), (second, _) = new_key(), new_key()

    assert secret_of(secret) == first.secret
    assert len(first.secret) == 64
    assert first.name != second.name


def test_a_balance_is_an_asset_and_an_amount() -> None:
    assert amount_of("ZUSD=0.10") == ("ZUSD", Decimal("0.10"))
    with pytest.raises(ValueError, match="give it as ZUSD=10000"):
        amount_of("ZUSD")


def test_a_time_is_utc_unless_it_says_otherwise() -> None:
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)

    assert instant_of("2026-10-01T12:00") == instant_of("2026-10-01T14:00+02:00") == noon
    with pytest.raises(ValueError, match="'soon' is no time; give it as 2026-"):
        instant_of("soon")
