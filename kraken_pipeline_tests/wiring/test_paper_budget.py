from pathlib import Path
from typing import Literal

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken.budget import UNLIMITED, Budget
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.shared_lines import Household
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.simulator.rest_limits import Limits, Tier
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline.wiring.paper_budget import UNCOUNTED, paper_budget
from kraken_pipeline_tests.kraken.lines import SECRET

CREDENTIAL = Credential(key="SIMULATOR", secret=SECRET)


def budget_at(folder: Path, limits: Limits, tier: Tier, clock: Literal["real", "fixed"]) -> Budget:
    settings = Settings(
        folder=folder / "exchange", secret=SECRET, limits=limits, tier=tier, clock=clock
    )
    house = Household(folder=folder, tier=TIERS["starter"], clock=lambda: 1)
    with simulated(settings) as served:
        return paper_budget(served.url, CREDENTIAL, house)


@pytest.mark.parametrize("tier", list(Tier))
def test_paper_asks_as_often_as_its_simulator_lets_it(tmp_path: Path, tier: Tier) -> None:
    budget = budget_at(tmp_path, Limits.PRIVATE, tier, "real")

    assert budget._tier == TIERS[tier.value]  # type: ignore[attr-defined]  # of this very kind


def test_a_simulator_that_counts_only_orders_holds_no_reader_back(tmp_path: Path) -> None:
    budget = budget_at(tmp_path, Limits.NONE, Tier.STARTER, "real")

    assert budget._tier.rest_most == UNCOUNTED  # type: ignore[attr-defined]  # the same
    assert budget._tier.engine_most == TIERS["starter"].engine_most  # type: ignore[attr-defined]


def test_nobody_waits_for_a_clock_that_is_turned_by_hand(tmp_path: Path) -> None:
    assert budget_at(tmp_path, Limits.PRIVATE, Tier.STARTER, "fixed") is UNLIMITED


def test_without_a_simulator_nothing_is_told() -> None:
    house = Household(folder=Path("none"), tier=TIERS["starter"], clock=lambda: 1)

    with pytest.raises(UnreachableError):
        paper_budget("http://127.0.0.1:9", CREDENTIAL, house)
