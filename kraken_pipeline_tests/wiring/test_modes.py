from itertools import product

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Settings
from kraken_pipeline.wiring.modes import LIVE_GATES, closed_gates, require_no_live


def settings(mode: str, **gates: bool) -> Settings:
    return Settings.model_validate({"execution": {"mode": mode, **gates}})


def test_a_fresh_machine_is_on_paper_with_every_gate_closed() -> None:
    require_no_live(Settings())

    assert len(closed_gates(Settings())) == len(LIVE_GATES)


@pytest.mark.parametrize(
    ("validate_only", "allow_live_trading"), list(product([True, False], repeat=2))
)
def test_live_is_refused_whatever_the_gates_say_and_each_closed_one_is_named(
    *, validate_only: bool, allow_live_trading: bool
) -> None:
    wanted = settings("live", validate_only=validate_only, allow_live_trading=allow_live_trading)

    with pytest.raises(ConfigurationError, match="live trading is refused") as refused:
        require_no_live(wanted)

    said = str(refused.value)
    assert ("execution.validate_only is true, needs false" in said) is validate_only
    assert ("execution.allow_live_trading is false, needs true" in said) is not allow_live_trading


@pytest.mark.parametrize("mode", ["dry_run", "paper"])
def test_open_gates_open_nothing_in_another_mode(mode: str) -> None:
    opened = settings(mode, validate_only=False, allow_live_trading=True)

    require_no_live(opened)

    assert closed_gates(opened) == (f"execution.mode is {mode}, needs live",)
