from pathlib import Path

import psutil
import pytest

from kraken_pipeline.wiring.children import OPENING, without_secrets
from kraken_pipeline.wiring.exchange import MarketChoice, running_simulator


def test_what_opens_nothing_is_handed_on() -> None:
    environ = {"PATH": "/bin", "KRAKEN_PIPELINE_DATA_DIR": "/books", "KRAKEN_API_KEY": "canary"}

    assert without_secrets(environ) == {"PATH": "/bin", "KRAKEN_PIPELINE_DATA_DIR": "/books"}


@pytest.mark.slow
def test_the_simulator_that_we_start_has_no_secret_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in OPENING:
        monkeypatch.setenv(name, "canary-of-the-environment")
    before = set(psutil.Process().children())
    with running_simulator(tmp_path, MarketChoice()):
        [simulator] = set(psutil.Process().children()) - before

        assert "canary" not in str(simulator.environ())
