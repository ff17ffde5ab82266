import base64
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from kraken_pipeline.domain.errors import ConfigurationError, WrongPasswordError
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.secrets.container import FLOOR, MAGIC, Cost, seal, unseal
from kraken_pipeline.secrets.files import write_private
from kraken_pipeline.secrets.vault import StoredKey, Vault, VaultFile

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
PASSWORD = "correct horse battery"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ALL = frozenset(Role)
OLD = StoredKey(key="old-key-canary", secret="b2xkLXNlY3JldA==", checked_at=NOW)
NEW = StoredKey(key="new-key-canary", secret="bmV3LXNlY3JldA==", place="http://127.0.0.1:1")


def seed_file(told: object) -> bytes:
    """Seal as the older program did."""
    salt = bytes(range(16))
    kdf = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=480_000)
    key = base64.urlsafe_b64encode(kdf.derive(PASSWORD.encode()))
    return salt + Fernet(key).encrypt(json.dumps(told).encode())


def test_what_is_saved_opens_as_it_was(tmp_path: Path) -> None:
    vault = Vault().with_key(ALL, OLD).rotated(frozenset({Role.TRADER}), NEW, at=NOW)
    file = VaultFile(tmp_path)
    file.save(vault, PASSWORD, cost=FLOOR)

    assert file.open(PASSWORD) == vault
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_another_password_opens_nothing_and_the_file_is_named(tmp_path: Path) -> None:
    file = VaultFile(tmp_path)
    file.save(Vault().with_key(ALL, OLD), PASSWORD, cost=CHEAP)

    with pytest.raises(WrongPasswordError, match=str(file.path)):
        file.open("another password")


def test_a_cheaply_sealed_file_is_sealed_anew_when_it_opens(tmp_path: Path) -> None:
    file = VaultFile(tmp_path)
    vault = Vault().with_key(ALL, OLD)
    file.save(vault, PASSWORD, cost=CHEAP)
    with pytest.raises(WrongPasswordError):
        file.open("another password")
    assert unseal(file.path.read_bytes(), PASSWORD).is_outdated

    assert file.open(PASSWORD) == vault

    assert not unseal(file.path.read_bytes(), PASSWORD).is_outdated


@pytest.mark.parametrize("validated", [True, False])
def test_a_file_of_the_older_layout_opens_and_is_sealed_anew(
    tmp_path: Path, *, validated: bool
) -> None:
    """F-SEC-1: an older version is taken over whole."""
    file = VaultFile(tmp_path)
    told = {
        "api_key": OLD.key,
        "api_secret": OLD.secret,
        "validated": validated,
        "validated_at": NOW.isoformat(),
        "validation_error": None,
    }
    write_private(file.path, seed_file(told))

    vault = file.open(PASSWORD)

    assert set(vault.keys) == set(Role)
    assert {each.key for each in vault.keys.values()} == {OLD.key}
    assert vault.keys[Role.READER].checked_at == (NOW if validated else None)
    assert file.path.read_bytes().startswith(MAGIC)
    assert file.open(PASSWORD) == vault


def test_a_file_of_the_older_layout_with_another_password_stays_as_it_is(tmp_path: Path) -> None:
    file = VaultFile(tmp_path)
    blob = seed_file({"api_key": "k", "api_secret": "s"})
    write_private(file.path, blob)

    with pytest.raises(WrongPasswordError):
        file.open("another password")

    assert file.path.read_bytes() == blob


@pytest.mark.parametrize("inside", [b"[]", b"{}", b"rubbish", b'{"keys":{"owner":{}}}'])
def test_what_opens_and_makes_no_sense_is_refused_without_showing_it(
    tmp_path: Path, inside: bytes
) -> None:
    file = VaultFile(tmp_path)
    write_private(file.path, seal(inside, PASSWORD, CHEAP))

    with pytest.raises(ConfigurationError, match="cannot be read") as refused:
        file.open(PASSWORD)

    assert inside.decode() not in str(refused.value)


def test_a_rotation_can_be_undone_until_it_is_finished() -> None:
    before = Vault().with_key(ALL, OLD)
    rotated = before.rotated(ALL, NEW, at=NOW)

    assert set(rotated.keys.values()) == {NEW}
    assert rotated.rolled_back() == before
    assert rotated.finished().rolled_back().keys == rotated.keys


def test_two_rotations_in_a_row_go_back_to_what_worked() -> None:
    twice = Vault().with_key(ALL, OLD).rotated(ALL, NEW, at=NOW).rotated(ALL, NEW, at=NOW)

    assert set(twice.rolled_back().keys.values()) == {OLD}


def test_forgetting_a_role_forgets_what_a_rotation_replaced_too() -> None:
    rotated = Vault().with_key(ALL, OLD).rotated(ALL, NEW, at=NOW)
    left = rotated.without(frozenset({Role.GUARD}))

    assert Role.GUARD not in left.keys
    assert Role.GUARD not in left.rolled_back().keys


def test_a_key_is_lost_that_worked_and_that_no_role_has_any_more() -> None:
    untried = replace(OLD, checked_at=None)

    assert Vault().with_key(ALL, OLD).loses_by(ALL, NEW)
    assert not Vault().with_key(ALL, OLD).loses_by(frozenset({Role.GUARD}), NEW)
    assert not Vault().with_key(ALL, OLD).loses_by(ALL, OLD)
    assert not Vault().with_key(ALL, untried).loses_by(ALL, NEW)


def test_nothing_that_is_printed_shows_a_key() -> None:
    shown = repr(Vault().with_key(ALL, OLD).rotated(ALL, NEW, at=NOW))

    assert "canary" not in shown
    assert "LXNlY3JldA" not in shown


def test_a_change_is_made_to_what_the_file_holds_then(tmp_path: Path) -> None:
    file = VaultFile(tmp_path / "new")
    file.change(PASSWORD, lambda vault: vault.with_key(frozenset({Role.READER}), OLD))
    file.change(PASSWORD, lambda vault: vault.with_key(frozenset({Role.GUARD}), NEW))

    assert file.open(PASSWORD).keys == {Role.READER: OLD, Role.GUARD: NEW}


def test_a_change_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    file = VaultFile(tmp_path)
    file.save(Vault().with_key(ALL, OLD), PASSWORD, cost=FLOOR)
    before = file.path.read_bytes()
    file.change(PASSWORD, Vault.finished)

    assert file.path.read_bytes() == before


def test_a_change_with_another_password_changes_nothing(tmp_path: Path) -> None:
    file = VaultFile(tmp_path)
    file.save(Vault().with_key(ALL, OLD), PASSWORD, cost=CHEAP)
    before = file.path.read_bytes()

    with pytest.raises(WrongPasswordError):
        file.change("another password", Vault.finished)

    assert file.path.read_bytes() == before
