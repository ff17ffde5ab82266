from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.store.audit import head, verify
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.heads import FILE, TAIL, Published, lacks, newest, publish, valid
from kraken_pipeline.store.journal import Head
from kraken_pipeline_tests.store.builders import NOW


@pytest.fixture
def written(database: Database) -> Database:
    """Return a database with three entries in its journal: two halts, and that trading stopped."""
    SqlHaltStore(database).latch(HaltKind.OPERATOR, reason="a", at=NOW, by="x")
    SqlHaltStore(database).latch(HaltKind.DRIFT, reason="b", at=NOW, by="x")
    return database


def test_an_end_that_was_published_is_read_back(written: Database, tmp_path: Path) -> None:
    publish(tmp_path, head(written), at=NOW)

    assert newest(tmp_path) == Published(at=NOW, head=head(written), accepted="")
    assert lacks(written, newest(tmp_path)) == ""


def test_before_anything_was_published_nothing_is_lacking(
    written: Database, tmp_path: Path
) -> None:
    assert newest(tmp_path) is None
    assert valid(tmp_path) == ()
    assert lacks(written, None) == ""


def test_a_journal_that_goes_on_lacks_nothing(written: Database, tmp_path: Path) -> None:
    publish(tmp_path, head(written), at=NOW)
    SqlHaltStore(written).latch(HaltKind.DRAWDOWN, reason="c", at=NOW, by="x")

    assert lacks(written, newest(tmp_path)) == ""


@pytest.mark.parametrize(
    ("seq", "said"), [(9, "it ends at entry 3"), (2, "entry 2 is another than was published")]
)
def test_an_older_journal_and_another_one_are_told_apart(
    written: Database, tmp_path: Path, seq: int, said: str
) -> None:
    publish(tmp_path, Head(seq=seq, hash="f" * 64), at=NOW)

    assert said in lacks(written, newest(tmp_path))
    assert verify(written, valid(tmp_path)).faults


def test_a_line_that_a_crash_cut_short_hides_neither_those_before_nor_the_next(
    tmp_path: Path,
) -> None:
    publish(tmp_path, Head(seq=1, hash="a"), at=NOW)
    with (tmp_path / FILE).open("a") as file:
        file.write('{"at": "2026')

    before = newest(tmp_path)
    publish(tmp_path, Head(seq=2, hash="b"), at=NOW)

    assert before is not None
    assert before.head.seq == 1
    assert [each.head.seq for each in valid(tmp_path)] == [1, 2]


def test_what_a_person_accepted_needs_nothing_of_before(tmp_path: Path) -> None:
    publish(tmp_path, Head(seq=9, hash="a"), at=NOW)
    publish(tmp_path, Head(seq=3, hash="b"), at=NOW, accepted="me: a backup")
    publish(tmp_path, Head(seq=4, hash="c"), at=NOW)

    assert [each.head.seq for each in valid(tmp_path)] == [3, 4]


def test_of_two_that_published_at_once_the_furthest_end_counts(tmp_path: Path) -> None:
    publish(tmp_path, Head(seq=3, hash="c"), at=NOW)
    publish(tmp_path, Head(seq=2, hash="b"), at=NOW)

    found = newest(tmp_path)

    assert found is not None
    assert found.head.seq == 3


def test_an_end_from_before_an_acceptance_counts_no_more(tmp_path: Path) -> None:
    publish(tmp_path, Head(seq=9, hash="a"), at=NOW)
    publish(tmp_path, Head(seq=3, hash="b"), at=NOW, accepted="me: a backup")

    found = newest(tmp_path)

    assert found is not None
    assert found.head.seq == 3


def test_the_newest_is_found_at_the_end_of_a_long_file(tmp_path: Path) -> None:
    for seq in range(1, 60):
        publish(tmp_path, Head(seq=seq, hash="a" * 64), at=NOW)

    found = newest(tmp_path)

    assert (tmp_path / FILE).stat().st_size > TAIL
    assert found is not None
    assert found.head.seq == 59


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()

    with pytest.raises(StorageError, match=FILE):
        publish(tmp_path, Head(seq=1, hash="a"), at=NOW)
