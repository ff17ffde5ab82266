import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from kraken_pipeline.settings import load
from kraken_pipeline.strategies import trend_core
from kraken_pipeline.strategies.trend_core import TREND_CORE
from kraken_pipeline.wiring.code_stamp import code_stamp, settings_stamp, source_hash


def test_the_stamp_of_code_changes_with_what_a_file_says(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "a.py"
    file.write_text("a = 1\n")
    before = code_stamp(tmp_path)
    same = code_stamp(tmp_path)
    file.write_text("a = 22\n")

    assert before == same != code_stamp(tmp_path)


def test_the_stamp_of_code_changes_with_a_file_that_comes_or_goes(tmp_path: Path) -> None:
    before = code_stamp(tmp_path)
    (tmp_path / "b.py").write_text("")
    more = code_stamp(tmp_path)
    (tmp_path / "b.py").unlink()

    assert before == code_stamp(tmp_path) != more


def test_the_stamp_of_settings_changes_with_them_and_with_the_keys(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "config.yaml").write_text("risk: {max_open_positions: 5}\n")
    (folder / "keys").write_text("sealed")
    environ = {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(folder),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
    }
    stamps = [settings_stamp(load(environ)), settings_stamp(load(environ))]
    os.utime(folder / "keys", ns=(1, 1))
    stamps.append(settings_stamp(load(environ)))
    (folder / "config.yaml").write_text("risk: {max_open_positions: 4}\n")
    stamps.append(settings_stamp(load(environ)))

    assert stamps[0] == stamps[1]
    assert len(set(stamps)) == 3


def test_the_code_of_a_strategy_is_the_file_that_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(trend_core.__file__)
    changed = tmp_path / "trend_core.py"
    changed.write_bytes(file.read_bytes() + b"\n")
    before = source_hash(TREND_CORE)
    monkeypatch.setattr(trend_core, "__file__", str(changed))

    assert before == hashlib.sha256(file.read_bytes()).hexdigest()
    assert source_hash(TREND_CORE) == hashlib.sha256(changed.read_bytes()).hexdigest() != before


def test_where_no_file_decides_or_it_is_gone_there_is_no_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = replace(TREND_CORE, decide=max)  # type: ignore[arg-type]  # it has no file
    assert source_hash(built_in) == ""

    monkeypatch.setattr(trend_core, "__file__", str(tmp_path / "gone.py"))
    assert source_hash(TREND_CORE) == ""
