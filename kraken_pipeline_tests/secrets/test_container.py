import hashlib
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import ConfigurationError, WrongPasswordError
from kraken_pipeline.secrets.container import (
    FLOOR,
    MAGIC,
    Cost,
    Unsealed,
    calibrated,
    seal,
    unseal,
)

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
TEXT = b'{"key":"a canary"}'
PASSWORD = "correct horse battery"
BLOB = seal(TEXT, PASSWORD, CHEAP)


def resealed(whole: bytes) -> bytes:
    """Return it with a checksum that fits, as somebody would who changed it on purpose."""
    return whole + hashlib.sha256(whole).digest()


@given(text=st.binary(max_size=300), password=st.text(max_size=40))
def test_what_was_sealed_opens_with_the_same_password(text: bytes, password: str) -> None:
    assert unseal(seal(text, password, CHEAP), password).text == text


@pytest.mark.parametrize("at", range(len(BLOB)))
def test_a_flipped_byte_anywhere_is_refused(at: int) -> None:
    """F-SEC-1: at each byte of each part of the file."""
    flipped = BLOB[:at] + bytes([BLOB[at] ^ 1]) + BLOB[at + 1 :]

    with pytest.raises(ConfigurationError, match=r"damaged|no file of sealed keys"):
        unseal(flipped, PASSWORD)


@pytest.mark.parametrize("at", range(len(BLOB) - 32))
def test_a_change_that_hides_itself_behind_a_new_checksum_is_refused(at: int) -> None:
    whole = BLOB[:-32]
    changed = resealed(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])

    with pytest.raises(ConfigurationError):
        unseal(changed, PASSWORD)


@pytest.mark.parametrize("length", range(len(BLOB)))
def test_a_part_of_a_file_is_refused(length: int) -> None:
    """F-SEC-1: cut off at any length, nothing of it is read."""
    with pytest.raises(ConfigurationError):
        unseal(BLOB[:length], PASSWORD)


def test_a_password_opens_whichever_way_its_letters_are_put_together() -> None:
    composed, apart = (unicodedata.normalize(form, "pässwörtlich") for form in ("NFC", "NFD"))

    assert composed != apart
    assert unseal(seal(b"keys", composed, CHEAP), apart).text == b"keys"


@settings(max_examples=30)
@given(password=st.text(max_size=30).filter(lambda each: each != PASSWORD))
def test_a_wrong_password_is_told_from_damage(password: str) -> None:
    """F-SEC-1: it opens nothing, and is not taken for a damaged file."""
    with pytest.raises(WrongPasswordError, match="password is wrong"):
        unseal(BLOB, password)


def test_a_cheaper_derivation_cannot_be_forged_into_the_header() -> None:
    sealed = seal(TEXT, PASSWORD, Cost(memory_kib=128, passes=2, lanes=1))
    forged = resealed(sealed[:-32].replace(b'"passes":2', b'"passes":1'))

    with pytest.raises(WrongPasswordError):
        unseal(forged, PASSWORD)


def test_a_newer_format_is_refused_by_its_number() -> None:
    """F-SEC-1: what a later version wrote is not guessed at."""
    newer = resealed(MAGIC + b"\x00\x02" + BLOB[10:-32])

    with pytest.raises(ConfigurationError, match="format 2"):
        unseal(newer, PASSWORD)


@pytest.mark.parametrize(
    ("name", "value"), [("memory_kib", 2**40), ("passes", 10**9), ("lanes", 0), ("passes", "3")]
)
def test_a_forged_cost_that_would_stop_the_machine_is_refused(name: str, value: object) -> None:
    frame, rest = BLOB[:14], BLOB[14:-32]
    end = rest.index(b"}") + 1
    header = json.dumps({**json.loads(rest[:end]), name: value}, separators=(",", ":")).encode()
    forged = resealed(frame[:10] + len(header).to_bytes(4, "big") + header + rest[end:])

    with pytest.raises(ConfigurationError, match=name):
        unseal(forged, PASSWORD)


def test_two_seals_of_one_text_have_no_salt_and_no_nonce_in_common() -> None:
    headers = [json.loads(seal(TEXT, PASSWORD, CHEAP)[14:].split(b"}")[0] + b"}") for _ in "12"]

    assert headers[0]["salt"] != headers[1]["salt"]
    assert headers[0]["nonce"] != headers[1]["nonce"]


def test_the_header_names_what_sealed_it() -> None:
    header = json.loads(seal(TEXT, PASSWORD, FLOOR)[14:].split(b"}")[0] + b"}")

    assert (header["kdf"], header["cipher"]) == ("argon2id", "AES-256-GCM")
    assert (header["memory_kib"], header["passes"], header["lanes"]) == (65536, 3, 1)


def test_what_was_sealed_cheaper_than_the_floor_is_outdated() -> None:
    assert unseal(BLOB, PASSWORD).is_outdated
    assert not Unsealed(text=TEXT, cost=FLOOR).is_outdated


def test_this_machine_never_seals_below_the_floor() -> None:
    assert not calibrated().is_below(FLOOR)


def test_what_was_unsealed_is_not_printed() -> None:
    assert "canary" not in repr(unseal(BLOB, PASSWORD))
