import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.secrets.files import (
    LARGEST_BYTES,
    alone_in,
    read_private,
    remove,
    write_private,
)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_and_its_new_folder_belong_to_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secrets.enc"
    earlier = os.umask(0)
    try:
        write_private(file, b"sealed")
    finally:
        os.umask(earlier)

    assert (mode_of(file), mode_of(file.parent)) == (0o600, 0o700)
    assert read_private(file) == b"sealed"
    assert list(file.parent.iterdir()) == [file]


def test_what_was_there_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "secrets.enc"
    write_private(file, b"a longer first text")
    write_private(file, b"second")

    assert read_private(file) == b"second"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
def test_a_file_that_others_can_get_at_is_refused_with_the_remedy(
    tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "secrets.enc"
    write_private(file, b"sealed")
    file.chmod(mode)

    with pytest.raises(ConfigurationError, match=f"mode {mode:04o}.*chmod 600 {file}"):
        read_private(file)


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_anybody_can_write_is_refused_both_ways(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "open" / "secrets.enc"
    write_private(file, b"sealed")
    file.parent.chmod(mode)

    with pytest.raises(ConfigurationError, match="anybody can put another file"):
        read_private(file)
    with pytest.raises(ConfigurationError, match="anybody can put another file"):
        write_private(file, b"other")
    file.parent.chmod(0o700)
    assert read_private(file) == b"sealed"


def test_a_link_into_a_folder_that_anybody_can_write_is_refused(tmp_path: Path) -> None:
    open_to_all, closed = tmp_path / "open", tmp_path / "closed"
    write_private(open_to_all / "keys", b"sealed")
    open_to_all.chmod(0o777)
    closed.mkdir(mode=0o700)
    (closed / "keys").symlink_to(open_to_all / "keys")

    with pytest.raises(ConfigurationError, match=f"{open_to_all} has mode 0777"):
        read_private(closed / "keys")


def test_what_is_too_large_to_hold_keys_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secrets.enc"
    write_private(file, bytes(LARGEST_BYTES + 1))

    with pytest.raises(ConfigurationError, match="holds no keys"):
        read_private(file)


def test_a_folder_where_no_folder_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_private(tmp_path / "file" / "secrets.enc", b"sealed")


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "secrets.enc" / "full").mkdir(parents=True)

    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_private(tmp_path / "secrets.enc", b"sealed")

    assert [each.name for each in tmp_path.iterdir()] == ["secrets.enc"]


def test_removing_tells_whether_there_was_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets.enc"
    write_private(file, b"sealed")

    assert remove(file)
    assert not remove(file)


def test_changes_of_two_processes_come_one_after_the_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool, alone_in(tmp_path):
        other = pool.submit(_waited_for, tmp_path)
        with pytest.raises(TimeoutError):
            other.result(timeout=0.2)
        (tmp_path / "free").touch()
        released = other

    assert released.result(timeout=5)


def _waited_for(folder: Path) -> bool:
    with alone_in(folder):
        return (folder / "free").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="cannot be used"), alone_in(tmp_path / "file"):
        pytest.fail("it let us in")
