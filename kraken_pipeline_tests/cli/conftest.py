"""Commands in this process, as a shell would run them, against a small stocked market."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kraken_pipeline import cli
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import PaperMarket, stock, stocked_market


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
        code = cli._exit_code_of_command()
        shown = capsys.readouterr()
        return Said(code=code, out=shown.out, err=shown.err)

    return run


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stock(tmp_path_factory.mktemp("stocked"))


@pytest.fixture
def market(stocked: Path, tmp_path: Path) -> Iterator[PaperMarket]:
    with stocked_market(stocked, tmp_path) as served:
        yield served


@pytest.fixture
def pipeline(market: PaperMarket) -> Iterator[Pipeline]:
    with market.pipeline() as connected:
        yield connected


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine on which nothing ran yet and no exchange answers."""
    return {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path / "config"),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
        "KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:1",
    }
