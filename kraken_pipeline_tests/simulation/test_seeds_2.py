"""The whole from a seed, the second share of the seeds; apart, so that they are lived at once."""

import pytest

from kraken_pipeline_tests.simulation.outcomes import require_faults, require_hard, require_whole
from kraken_pipeline_tests.simulation.seeds import share

SHARE = share(1)


@pytest.mark.parametrize("seed", SHARE)
def test_every_order_exists_once_whatever_breaks(seed: int) -> None:
    require_whole(seed)


def test_each_simulation_is_hard_enough_to_mean_something() -> None:
    require_hard(SHARE)


def test_nearly_every_kind_of_fault_strikes_in_these_few() -> None:
    require_faults(SHARE)
