"""`keys` against a simulator: what is saved, what is refused, and that nothing secret is shown."""

import base64
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kraken_pipeline.domain.keys import USEFUL, Role
from kraken_pipeline.secrets import container, vault
from kraken_pipeline.secrets.container import Cost
from kraken_pipeline.secrets.os_keyring import recall
from kraken_pipeline.secrets.vault import VaultFile
from kraken_pipeline.simulator.auth import Key
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.cli.conftest import Command, Said
from kraken_pipeline_tests.secrets.keyrings import MemoryKeyring, NoKeyring, using

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
PASSWORD = "canary-password-long"
SECRETS = {
    name: base64.b64encode(f"canary secret of {name}".encode()).decode()
    for name in ("whole", "reader", "other", "robber", "lacking")
}
ALL = tuple(sorted(frozenset().union(*USEFUL.values())))


def key(name: str, *permissions: str) -> Key:
    secret = base64.b64decode(SECRETS[name])
    return Key(name=f"canary-key-{name}", secret=secret, permissions=permissions or ALL)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A simulator with keys that may do all, too much, and too little."""
    keys = (
        key("whole"),
        key("reader", *USEFUL[Role.READER]),
        key("other"),
        key("robber", *ALL, "withdraw-funds"),
        key("lacking", *(each for each in ALL if each != "create-ws-token")),
    )
    told = Settings(folder=tmp_path_factory.mktemp("exchange"), keys=keys, clock="fixed")
    with simulated(told) as served:
        yield served


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Runs `keys` commands with what is typed into them, and checks what they print."""

    environ: dict[str, str]
    command: Command
    type_in: Callable[[str], None]
    url: str

    def __call__(self, *arguments: str, lines: str = "", **variables: str) -> Said:
        self.type_in(lines)
        said = self.command("keys", *arguments, environ=self.environ | variables)
        assert "canary" not in said.out + said.err
        assert not any(secret in said.out + said.err for secret in SECRETS.values())
        return said

    def set_up(self, name: str, *more: str, url: str | None = None) -> Said:
        lines = f"canary-key-{name}\n{SECRETS[name]}\n"
        return self("setup", "--url", url or self.url, *more, lines=lines)

    @property
    def file(self) -> VaultFile:
        return VaultFile(Path(self.environ["KRAKEN_PIPELINE_CONFIG_DIR"]))

    def kept(self) -> dict[str, str]:
        """Return which key is kept for which role."""
        kept = self.file.open(PASSWORD).keys
        return {role: each.key.removeprefix("canary-key-") for role, each in kept.items()}


@pytest.fixture
def keys(
    fresh: dict[str, str], command: Command, monkeypatch: pytest.MonkeyPatch, exchange: Served
) -> Iterator[Keys]:
    def type_in(lines: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))

    # what guessing costs is tested where it is set; here it would only cost time
    monkeypatch.setattr(container, "FLOOR", CHEAP)
    monkeypatch.setattr(vault, "calibrated", lambda: CHEAP)
    for name in ("KRAKEN_API_KEY", "KRAKEN_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    environ = {**fresh, "KRAKEN_PIPELINE_SECRET_PW": PASSWORD}
    with using(NoKeyring()):
        yield Keys(environ=environ, command=command, type_in=type_in, url=exchange.url)


def test_a_key_that_was_checked_is_saved_for_every_role_and_may_be_examined(keys: Keys) -> None:
    saved = keys.set_up("whole")
    doctor = keys("doctor")

    assert (saved.code, doctor.code) == (0, 0)
    assert keys.kept() == dict.fromkeys(Role, "whole")
    assert keys.file.open(PASSWORD).keys[Role.READER].checked_at is not None
    assert "the key for reader and trader and guard works, but" in doctor.out
    assert "a key for each role would be safer" in doctor.out


def test_a_key_that_worked_is_not_lost_to_another_that_is_set_up(keys: Keys) -> None:
    keys.set_up("whole")
    said = keys.set_up("other").out
    undone = keys("rotate", "--undo")

    assert "`kraken-pipeline keys rotate --undo` goes back to them" in said
    assert undone.code == 0
    assert keys.kept() == dict.fromkeys(Role, "whole")


def test_a_role_can_have_a_key_of_its_own_and_is_examined_by_itself(keys: Keys) -> None:
    keys.set_up("whole")
    keys.set_up("reader", "--role", "reader")
    doctor = json.loads(keys("doctor", "--json").out)

    assert keys.kept() == {"reader": "reader", "trader": "whole", "guard": "whole"}
    assert [each["roles"] for each in doctor] == [["reader"], ["guard", "trader"]]
    assert [each["faults"] for each in doctor] == [[], []]


def test_a_key_that_is_refused_is_never_saved(keys: Keys) -> None:
    wrong = f"canary-key-other\n{SECRETS['whole']}\n"
    said = keys("setup", "--url", keys.url, "--save-unchecked", lines=wrong)

    assert (said.code, keys.file.exists()) == (8, False)
    assert "Nothing was saved" in said.err


def test_a_key_that_was_mended_at_the_exchange_works_again_once_a_person_asks(
    keys: Keys, exchange: Served
) -> None:
    keys.set_up("other")
    now = exchange.exchange.clock.now()
    exchange.service.keys.remove("canary-key-other")
    codes = [keys("doctor").code for _ in range(3)]
    exchange.service.keys.put(key("other"), now)

    assert codes == [8, 8, 8]
    assert keys("doctor").code == 0


def test_a_key_that_cannot_be_checked_is_told_apart_and_saved_only_on_request(keys: Keys) -> None:
    nowhere = "http://127.0.0.1:1"
    said = keys.set_up("whole", url=nowhere)
    assert (said.code, keys.file.exists()) == (7, False)
    assert "could not be checked, which says nothing about it" in said.err

    insisted = keys.set_up("whole", "--save-unchecked", url=nowhere)

    assert (insisted.code, keys.kept()) == (0, dict.fromkeys(Role, "whole"))
    assert keys.file.open(PASSWORD).keys[Role.READER].checked_at is None
    assert keys("doctor").code == 7


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("robber", "is refused for live: it can take money away (withdraw-funds)"),
        ("lacking", "is refused for live: as trader it lacks create-ws-token"),
    ],
)
def test_the_doctor_names_what_live_would_refuse(keys: Keys, name: str, says: str) -> None:
    saved = keys.set_up(name)
    doctor = keys("doctor")

    assert (saved.code, doctor.code) == (0, 3)
    assert says in saved.out
    assert says in doctor.out


@pytest.mark.parametrize("lines", ["", "canary-key-whole\n", "\n\n"])
def test_without_a_whole_key_nothing_is_saved(keys: Keys, lines: str) -> None:
    said = keys("setup", "--url", keys.url, lines=lines)

    assert (said.code, keys.file.exists()) == (2, False)
    assert "no key was given" in said.err


def test_the_environment_may_give_the_key_and_comes_before_the_file(keys: Keys) -> None:
    given = {"KRAKEN_API_KEY": "canary-key-whole", "KRAKEN_API_SECRET": SECRETS["whole"]}
    assert keys("setup", "--url", keys.url, **given).code == 0

    where = json.loads(keys("where", "--json").out)

    assert {each["from"] for each in where} == {"KRAKEN_API_KEY and KRAKEN_API_SECRET"}


def test_half_a_key_in_the_environment_names_the_other_half(keys: Keys) -> None:
    said = keys("doctor", KRAKEN_API_KEY="canary-key-whole")

    assert said.code == 2
    assert "KRAKEN_API_KEY is set, but KRAKEN_API_SECRET is not" in said.err


def test_an_address_that_is_no_simulators_is_refused_before_anything_is_sent(keys: Keys) -> None:
    said = keys.set_up("whole", url="https://example.com")

    assert (said.code, keys.file.exists()) == (2, False)
    assert "must be http://127.0.0.1:PORT" in said.err


def test_a_wrong_password_changes_nothing(keys: Keys) -> None:
    keys.set_up("whole")
    before = keys.file.path.read_bytes()
    wrong = {"KRAKEN_PIPELINE_SECRET_PW": "another-canary-password"}

    doctor = keys("doctor", **wrong)
    lines = f"canary-key-other\n{SECRETS['other']}\n"
    again = keys("setup", "--url", keys.url, lines=lines, **wrong)

    assert (doctor.code, again.code) == (2, 2)
    assert "the password is wrong" in doctor.err
    assert keys.file.path.read_bytes() == before


def test_a_rotation_keeps_the_old_key_until_one_goes_back(keys: Keys) -> None:
    keys.set_up("whole")
    lines = f"canary-key-other\n{SECRETS['other']}\n"
    rotated = keys("rotate", "--url", keys.url, lines=lines)
    assert (rotated.code, keys.kept()) == (0, dict.fromkeys(Role, "other"))
    assert "rotate --undo" in keys("doctor").out

    undone = keys("rotate", "--undo")

    assert (undone.code, keys.kept()) == (0, dict.fromkeys(Role, "whole"))
    assert keys("rotate", "--undo").code == 2


def test_a_rotation_to_a_key_that_live_would_refuse_changes_nothing(keys: Keys) -> None:
    keys.set_up("whole")
    before = keys.file.path.read_bytes()
    lines = f"canary-key-robber\n{SECRETS['robber']}\n"
    said = keys("rotate", "--url", keys.url, lines=lines)

    assert said.code == 3
    assert "The old key stays in use" in said.err
    assert keys.file.path.read_bytes() == before


def test_there_is_nothing_to_rotate_before_a_set_up(keys: Keys) -> None:
    said = keys("rotate", "--url", keys.url, lines=f"canary-key-other\n{SECRETS['other']}\n")

    assert said.code == 2
    assert "keys setup" in said.err


def test_forgetting_needs_a_yes_and_leaves_nothing(keys: Keys) -> None:
    keys.set_up("whole")
    unsure = keys("forget")
    assert (unsure.code, keys.file.exists()) == (2, True)
    assert keys("forget", "--role", "guard", "--yes").code == 0
    assert set(keys.kept()) == {"reader", "trader"}

    assert keys("forget", "--yes").code == 0

    assert not keys.file.exists()
    assert "nothing to forget" in keys("forget", "--yes").out


def test_the_keyring_may_keep_the_password(keys: Keys) -> None:
    without = dict(keys.environ)
    with using(MemoryKeyring()):
        assert keys.set_up("whole", "--keyring").code == 0
        del without["KRAKEN_PIPELINE_SECRET_PW"]
        where = keys.command("keys", "where", "--json", environ=without)
        keys("forget", "--yes")
        assert recall(keys.file.path) is None

    assert {each["of"] for each in json.loads(where.out)} == {keys.url}


def test_a_machine_without_a_keyring_is_told_so_after_the_key_is_saved(keys: Keys) -> None:
    said = keys.set_up("whole", "--keyring")

    assert (said.code, keys.file.exists()) == (2, True)
    assert "no keyring" in said.err


def test_without_a_password_the_file_is_locked_and_where_says_so(keys: Keys) -> None:
    keys.set_up("whole")
    environ = {
        name: value for name, value in keys.environ.items() if not name.endswith("SECRET_PW")
    }
    where = keys.command("keys", "where", environ=environ)
    doctor = keys.command("keys", "doctor", environ=environ)

    assert (where.code, doctor.code) == (0, 2)
    assert "which is locked" in where.out
    assert "set KRAKEN_PIPELINE_SECRET_PW" in doctor.err
