"""Files that are whole or not there, and say when somebody changed them."""

from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.store.sealed import seal, unsealed


def test_what_is_sealed_is_read_with_its_hash_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"

    known = seal(path, {"one": 1})

    assert unsealed(path, dict[str, int], remedy="") == ({"one": 1}, known)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        unsealed(tmp_path / "none.json", dict, remedy="")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"sha256":"x"}', b'{"sha256":"x","of":{}}', b'{"sha256":"\xff","of":{}}'],
)
def test_a_file_that_is_not_as_it_was_written_is_named_with_what_helps(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "torn.json"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"torn\.json .*: write it again"):
        unsealed(path, dict, remedy="write it again")


def test_what_cannot_be_read_is_named_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "other.json").mkdir()

    with pytest.raises(ConfigurationError, match=r"other\.json .*: write it again"):
        unsealed(tmp_path / "other.json", dict, remedy="write it again")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    seal(path, {"one": "text"})

    with pytest.raises(ConfigurationError, match="cannot be read"):
        unsealed(path, dict[str, int], remedy="")
