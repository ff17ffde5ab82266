"""Proofs as files: kept whole, with their hash, the newest of a kind over the one before."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, StorageError
from kraken_pipeline.domain.proofs import Proof
from kraken_pipeline.store.proofs import ProofFiles
from kraken_pipeline_tests.domain.test_proofs import DAILY, HOURLY, shown


def test_what_was_shown_is_read_as_it_was_kept_oldest_first(tmp_path: Path) -> None:
    store = ProofFiles(tmp_path)
    late = replace(shown(of=DAILY), at=shown().at + timedelta(days=1), report={"closes": 48})
    known = [store.keep(each) for each in (late, shown())]

    assert store.of("mine") == [(shown(), known[1]), (late, known[0])]
    assert store.of("other") == []


def test_what_is_shown_again_takes_the_place_of_what_was(tmp_path: Path) -> None:
    store = ProofFiles(tmp_path)
    for holds in (True, False):
        store.keep(shown(holds=holds))

    assert [each.holds for each, _ in store.of("mine")] == [False]


def test_another_version_lies_beside_the_first(tmp_path: Path) -> None:
    store = ProofFiles(tmp_path)
    for version in "12":
        store.keep(shown(of=replace(HOURLY, version=version)))

    assert {each.of.version for each, _ in store.of("mine")} == {"1", "2"}


def test_what_goes_while_it_is_looked_at_is_not_there(tmp_path: Path) -> None:
    store = ProofFiles(tmp_path)
    store.keep(shown())
    # a link to nothing: it is listed, and there is nothing to be read
    store.path(Proof.LOOK_AHEAD, DAILY).symlink_to(tmp_path / "gone")

    assert [each for each, _ in store.of("mine")] == [shown()]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "proofs").touch()

    with pytest.raises(StorageError, match=r"look_ahead-1h.* cannot be written: "):
        ProofFiles(tmp_path).keep(shown())


def test_what_was_changed_by_hand_is_refused(tmp_path: Path) -> None:
    store = ProofFiles(tmp_path)
    store.keep(shown(holds=False))
    path = store.path(Proof.LOOK_AHEAD, HOURLY)
    path.write_text(path.read_text().replace("false", "true"))

    with pytest.raises(ConfigurationError, match="not as it was written: remove it, and prove"):
        store.of("mine")
