from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import (
    ConfigurationError,
    KeyMissingError,
    WrongPasswordError,
)
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.secrets.container import Cost
from kraken_pipeline.secrets.vault import StoredKey, Vault, VaultFile
from kraken_pipeline.wiring.credentials import Credentials
from kraken_pipeline_tests.secrets.keyrings import NoKeyring, using

PASSWORD = "correct horse battery"
CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
LOCKED = {"KRAKEN_PIPELINE_SECRET_PW": PASSWORD}
GIVEN = {"KRAKEN_API_KEY": "key-canary-of-env", "KRAKEN_API_SECRET": "c2VjcmV0LWNhbmFyeQ=="}
READER = StoredKey(key="key-canary-of-reader", secret="cmVhZGVyLWNhbmFyeQ==")
TRADER = StoredKey(
    key="key-canary-of-trader", secret="dHJhZGVyLWNhbmFyeQ==", place="http://127.0.0.1:1"
)


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    with using(NoKeyring()):
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a key file for reader and trader."""
    vault = Vault().with_key(frozenset({Role.READER}), READER)
    vault = vault.with_key(frozenset({Role.TRADER}), TRADER)
    VaultFile(tmp_path).save(vault, PASSWORD, cost=CHEAP)
    return tmp_path


def credentials(
    folder: Path, environ: dict[str, str], learned: list[str] | None = None
) -> Credentials:
    told: list[str] = [] if learned is None else learned
    return Credentials(folder, environ, learn=told.append)


def test_the_environment_comes_before_the_file_and_serves_every_role(folder: Path) -> None:
    found = [credentials(folder, GIVEN).of(role) for role in Role]

    assert {each.credential.key for each in found} == {"key-canary-of-env"}
    assert found[0].source == "KRAKEN_API_KEY and KRAKEN_API_SECRET"


def test_each_role_has_its_own_key_of_the_file(folder: Path) -> None:
    known = credentials(folder, LOCKED)

    assert known.of(Role.READER).credential.key == READER.key
    assert known.of(Role.TRADER, place=TRADER.place).credential.key == TRADER.key
    assert known.of(Role.READER).source == str(folder / "secrets.enc")


def test_half_a_pair_in_the_environment_is_no_reason_to_use_the_file(folder: Path) -> None:
    half = {**LOCKED, "KRAKEN_API_KEY": "key-canary-of-env"}

    with pytest.raises(KeyMissingError, match="KRAKEN_API_SECRET is not"):
        credentials(folder, half).of(Role.READER)


@pytest.mark.parametrize(
    ("role", "place", "says"),
    [
        (Role.GUARD, "kraken", "has no key for the guard; run `kraken-pipeline keys setup --role"),
        (Role.TRADER, "kraken", "is one of http://127.0.0.1:1, not of kraken"),
    ],
)
def test_a_key_that_is_missing_or_another_exchanges_is_named(
    folder: Path, role: Role, place: str, says: str
) -> None:
    with pytest.raises(KeyMissingError, match=says):
        credentials(folder, LOCKED).of(role, place=place)


def test_a_machine_without_keys_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(KeyMissingError, match="run `kraken-pipeline keys setup`"):
        credentials(tmp_path, {}).of(Role.READER)


def test_a_wrong_password_says_where_it_came_from(folder: Path) -> None:
    wrong = {"KRAKEN_PIPELINE_SECRET_PW": "another password"}

    with pytest.raises(WrongPasswordError, match="came from KRAKEN_PIPELINE_SECRET_PW") as refused:
        credentials(folder, wrong).of(Role.READER)

    assert "another password" not in str(refused.value)


def test_a_key_file_that_others_can_read_is_not_used(folder: Path) -> None:
    (folder / "secrets.enc").chmod(0o644)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        credentials(folder, LOCKED).of(Role.READER)


def test_every_secret_is_learned_from_the_moment_that_it_is_read(folder: Path) -> None:
    learned: list[str] = []
    credentials(folder, LOCKED, learned).of(Role.READER)
    credentials(folder, GIVEN, learned).of(Role.READER)

    assert {PASSWORD, READER.key, READER.secret, TRADER.secret, *GIVEN.values()} <= set(learned)


def test_the_file_is_opened_once_and_not_before_it_is_needed(folder: Path) -> None:
    known = credentials(folder, LOCKED)
    first = known.of(Role.READER)
    (folder / "secrets.enc").unlink()
    (folder / "secrets.enc").touch()

    assert known.of(Role.READER) == first
