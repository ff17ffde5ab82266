from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import InvalidValueError, KeyMissingError
from kraken_pipeline.secrets import os_keyring
from kraken_pipeline.secrets.environment import PASSWORD
from kraken_pipeline.secrets.passwords import find_password, new_password
from kraken_pipeline_tests.secrets.keyrings import MemoryKeyring, NoKeyring, using

FILE = Path("/somewhere/secrets.enc")


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    with using(NoKeyring()):
        yield


def typed(*answers: str) -> "list[str]":
    return list(reversed(answers))


def test_the_environment_comes_first_then_the_keyring_then_a_person() -> None:
    answers = typed("typed in")
    with using(MemoryKeyring()):
        os_keyring.keep(FILE, "kept away")
        first = find_password(FILE, {PASSWORD: "set before"}, ask=None)
        second = find_password(FILE, {}, ask=None)
    third = find_password(FILE, {}, ask=lambda question: answers.pop())

    assert [each.text for each in (first, second, third)] == ["set before", "kept away", "typed in"]
    assert [each.source for each in (first, second, third)] == [
        PASSWORD,
        "the keyring",
        "what was typed",
    ]


def test_nobody_is_asked_where_nobody_is_there() -> None:
    with pytest.raises(KeyMissingError, match=f"locked and no password is given: set {PASSWORD}"):
        find_password(FILE, {}, ask=None)


def test_a_new_password_is_typed_twice() -> None:
    answers = typed("long enough", "long enough")

    assert new_password(FILE, {}, ask=lambda question: answers.pop()).text == "long enough"


@pytest.mark.parametrize(
    ("answers", "says"), [(("long enough", "long enouhg"), "differ"), (("short", "short"), "needs")]
)
def test_a_new_password_that_is_mistyped_or_short_is_refused(
    answers: tuple[str, str], says: str
) -> None:
    given = typed(*answers)

    with pytest.raises(InvalidValueError, match=says) as refused:
        new_password(FILE, {}, ask=lambda question: given.pop())

    assert answers[0] not in str(refused.value)


def test_a_new_password_may_come_from_the_environment() -> None:
    assert new_password(FILE, {PASSWORD: "set before"}, ask=None).source == PASSWORD
    with pytest.raises(InvalidValueError, match="needs 8"):
        new_password(FILE, {PASSWORD: "short"}, ask=None)
    with pytest.raises(KeyMissingError, match=f"set {PASSWORD}"):
        new_password(FILE, {}, ask=None)


def test_a_password_is_not_printed() -> None:
    assert "set before" not in repr(find_password(FILE, {PASSWORD: "set before"}, ask=None))
