"""A file that a person asked for is written whole, or what was there stays."""

import os
import resource
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kraken_pipeline.cli.files import replacing
from kraken_pipeline.cli.sheets import Sheet, write_csv
from kraken_pipeline.domain.errors import ConfigurationError

ROOM = 10_000


@contextmanager
def _little_room() -> Iterator[None]:
    """Let no file of this process grow beyond some bytes, as on a disk that fills up."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def _write(file: Path, content: bytes) -> None:
    with replacing(file, "--out") as opened:
        opened.write(content)


def test_a_disk_that_fills_up_in_mid_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "report.html"
    _write(file, b"old")

    with _little_room(), pytest.raises(ConfigurationError, match=r"--out is .* cannot be written"):
        _write(file, b"x" * 3 * ROOM)

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_that_finds_no_room_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    few = [{"a": number} for number in range(2)]
    many = [{"a": number} for number in range(ROOM)]
    write_csv(Sheet(title="", columns=["a"], rows=few, nothing=""), file)
    before = file.read_bytes()

    with _little_room(), pytest.raises(ConfigurationError, match="--csv"):
        write_csv(Sheet(title="", columns=["a"], rows=many, nothing=""), file)

    assert (file.read_bytes(), list(tmp_path.iterdir())) == (before, [file])


def test_a_file_that_is_replaced_keeps_who_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    _write(file, b"old")
    file.chmod(0o640)

    _write(file, b"new")

    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_behind_a_link_the_file_itself_is_replaced(tmp_path: Path) -> None:
    file, link = tmp_path / "report.html", tmp_path / "link.html"
    file.write_bytes(b"old")
    link.symlink_to(file)

    _write(link, b"new")

    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_a_pipe_is_written_straight(tmp_path: Path) -> None:
    pipe, heard = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()

    _write(pipe, b"told")

    reader.join()
    assert heard == [b"told"]
    assert pipe.is_fifo()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        _write(tmp_path / "nowhere" / "report.html", b"new")


def test_a_dash_is_where_programs_print(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    _write(Path("-"), b"rows")

    assert capfdbinary.readouterr().out == b"rows"
    assert not Path("-").exists()
