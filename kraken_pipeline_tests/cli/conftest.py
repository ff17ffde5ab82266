"""Commands in this process, as a shell would run them, against a small stocked market."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kraken_pipeline import cli
from kraken_pipeline.wiring.secrecy import redactor
from kraken_pipeline_tests.paper_fixtures import (  # noqa: F401 - fixtures, found by name
    later,
    market,
    pipeline,
    stocked,
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command under an environment that has nothing of ours but what it is given."""

    def run(*arguments: str, environ: Mapping[str, str]) -> Said:
        for name in list(os.environ):
            if name.startswith("KRAKEN_PIPELINE_") or name == "DAGSTER_HOME":
                monkeypatch.delenv(name)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["kraken-pipeline", *arguments])
        capsys.readouterr()
        code = cli._exit_code_of_command(redactor(os.environ))
        shown = capsys.readouterr()
        return Said(code=code, out=shown.out, err=shown.err)

    return run


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine on which nothing ran yet and no exchange answers."""
    return {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path / "config"),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
        "KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:1",
    }
