import subprocess
import sys
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Loaded, Settings, load
from kraken_pipeline.wiring.modes import (
    LIVE_GATES,
    MARK,
    MODES,
    REAL,
    SIMULATED,
    WHOSE,
    Destination,
    books_of,
    claim_data_dir,
    closed_gates,
    destination,
    require_simulator,
    world_of,
)
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.programs import environment

BOTH = (True, False)


def settings(mode: str, **gates: bool) -> Settings:
    return Settings.model_validate({"execution": {"mode": mode, **gates}})


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return load(
        {
            "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path),
            "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
        }
    )


def test_a_fresh_machine_is_on_paper_with_every_gate_closed(loaded: Loaded) -> None:
    require_simulator(Settings())

    assert destination(loaded) is Destination.SIMULATOR
    assert len(closed_gates(Settings())) == len(LIVE_GATES)


@pytest.mark.parametrize(
    ("validate_only", "allow_live_trading", "goes"),
    [
        (True, False, Destination.KRAKEN_CHECKS),
        (True, True, Destination.KRAKEN_CHECKS),
        (False, True, Destination.KRAKEN),
    ],
)
def test_live_goes_to_kraken_for_real_only_with_every_gate_open(
    loaded: Loaded, *, validate_only: bool, allow_live_trading: bool, goes: Destination
) -> None:
    live = settings("live", validate_only=validate_only, allow_live_trading=allow_live_trading)

    assert destination(replace(loaded, settings=live)) is goes


def test_live_without_permission_is_refused_by_the_gate_that_is_closed(loaded: Loaded) -> None:
    live = settings("live", validate_only=False, allow_live_trading=False)

    with pytest.raises(
        ConfigurationError, match="allow_live_trading is false, needs true"
    ) as refused:
        destination(replace(loaded, settings=live))

    assert "validate_only" not in str(refused.value)


@pytest.mark.parametrize(
    ("mode", "checks", "allowed"), list(product(["dry_run", "paper"], BOTH, BOTH))
)
def test_no_gate_opens_anything_in_another_mode(
    loaded: Loaded, mode: str, *, checks: bool, allowed: bool
) -> None:
    opened = settings(mode, validate_only=checks, allow_live_trading=allowed)

    assert not destination(replace(loaded, settings=opened)).is_kraken


def test_every_combination_is_listed_but_the_one_that_is_refused() -> None:
    missing = set(product(["dry_run", "paper", "live"], BOTH, BOTH)) - set(MODES)

    assert missing == {("live", False, False)}


@pytest.mark.parametrize("checks", BOTH)
def test_live_never_goes_to_a_simulator(loaded: Loaded, *, checks: bool) -> None:
    live = settings("live", validate_only=checks, allow_live_trading=True)
    named = replace(loaded, settings=live, simulator_url="http://127.0.0.1:1")

    with pytest.raises(ConfigurationError, match="KRAKEN_PIPELINE_SIMULATOR_URL names a simulator"):
        destination(named)


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        ({"validate_only": True}, "execution.validate_only is true"),
        ({"validate_only": False, "allow_live_trading": True}, "a simulator of its own"),
    ],
)
def test_what_starts_a_simulator_refuses_live(gates: dict[str, bool], says: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{says}.*; set execution.mode: paper"):
        require_simulator(settings("live", **gates))


@pytest.mark.parametrize(("whose", "other"), list(permutations(WHOSE, 2)))
def test_a_folder_keeps_the_books_of_one_exchange(tmp_path: Path, whose: str, other: str) -> None:
    """F-STO-4: whichever of them came first, the other is refused and told what to do."""
    claim_data_dir(tmp_path, whose)
    claim_data_dir(tmp_path, whose)

    with pytest.raises(ConfigurationError, match="set KRAKEN_PIPELINE_DATA_DIR to another folder"):
        claim_data_dir(tmp_path, other)

    assert [each.name for each in tmp_path.iterdir()] == [MARK]
    assert books_of(tmp_path) == whose


@pytest.mark.parametrize(
    ("market", "is_kraken", "whose"),
    [
        ("own", False, "simulator"),
        ("kraken", False, "mirror"),
        ("own", True, "kraken"),
        ("kraken", True, "kraken"),
    ],
)
def test_each_exchange_has_books_of_its_own(market: str, *, is_kraken: bool, whose: str) -> None:
    paper = Settings.model_validate({"paper": {"market": market}})

    assert world_of(paper, is_kraken=is_kraken) == whose


def test_books_from_before_there_were_marks_are_a_simulators(tmp_path: Path) -> None:
    (tmp_path / "portfolio.db").touch()

    with pytest.raises(ConfigurationError, match=r"books of the simulator, .* of Kraken"):
        claim_data_dir(tmp_path, REAL)
    claim_data_dir(tmp_path, SIMULATED)


@pytest.mark.parametrize("rehearse", BOTH)
def test_on_paper_the_module_that_knows_krakens_address_is_not_even_loaded(
    tmp_path: Path, *, rehearse: bool
) -> None:
    told = (
        "import os, sys; from kraken_pipeline.wiring.pipeline import connect;"
        f"pipeline = connect(os.environ, rehearse={rehearse}); pipeline.edge.gateway.add;"
        "pipeline.close(); print(*sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", told],
        env=environment(tmp_path),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    loaded = set(ended.stdout.split())
    assert "kraken_pipeline.kraken.orders" in loaded
    assert loaded.isdisjoint({"kraken_pipeline.kraken.live", "kraken_pipeline.wiring.live"})
