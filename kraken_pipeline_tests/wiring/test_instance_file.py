from hashlib import sha256
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.wiring import instance_file
from kraken_pipeline.wiring.instance_file import NEWER, OURS, SHIPPED, lay_down

EDITED = "telemetry: {enabled: false}\n"


def laid_down(home: Path) -> list[str]:
    """Lay ours down and return what was told."""
    told: list[str] = []
    lay_down(home, tell=told.append)
    return told


def test_ours_is_known_as_the_newest_that_was_shipped() -> None:
    now = sha256(OURS.read_bytes()).hexdigest()

    assert now == SHIPPED[-1], "add the digest of the new file at the end, and keep the others"


def test_a_new_folder_gets_ours(tmp_path: Path) -> None:
    assert laid_down(tmp_path / "home") == []

    assert (tmp_path / "home" / "dagster.yaml").read_bytes() == OURS.read_bytes()


def test_an_old_copy_that_nobody_edited_becomes_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = "run_coordinator: {module: dagster._core.run_coordinator}\n"
    (tmp_path / "dagster.yaml").write_text(old)
    shipped = (sha256(old.encode()).hexdigest(), *SHIPPED)
    monkeypatch.setattr(instance_file, "SHIPPED", shipped)

    assert laid_down(tmp_path) == []

    assert [each.name for each in tmp_path.iterdir()] == ["dagster.yaml"]
    assert (tmp_path / "dagster.yaml").read_bytes() == OURS.read_bytes()


def test_an_edited_one_stays_and_ours_is_put_beside_it_which_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(EDITED)

    [told] = laid_down(tmp_path)

    assert "was edited and stays as it is" in told
    assert (tmp_path / "dagster.yaml").read_text() == EDITED
    assert (tmp_path / NEWER).read_bytes() == OURS.read_bytes()
    assert laid_down(tmp_path) == []


def test_it_is_told_again_once_there_is_a_newer_one(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(EDITED)
    (tmp_path / NEWER).write_text("what was ours before\n")

    assert len(laid_down(tmp_path)) == 1
    assert (tmp_path / NEWER).read_bytes() == OURS.read_bytes()


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="can not be written: Not a directory"):
        laid_down(tmp_path / "file" / "home")
