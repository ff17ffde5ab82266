"""Strategies of other packages: found by their entry points, and what is said of broken ones."""

from importlib.metadata import EntryPoint

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, UnknownNameError
from kraken_pipeline.strategies.trend_core import TREND_CORE
from kraken_pipeline.wiring.strategies import BUILT_IN, GROUP, Kinds, kinds
from kraken_pipeline_tests.wiring.plugged import MINE

HERE = "kraken_pipeline_tests.wiring"


def entry(name: str = "mine", value: str = "plugged:MINE") -> EntryPoint:
    return EntryPoint(name=name, value=f"{HERE}.{value}", group=GROUP)


def test_a_strategy_of_another_package_is_found_beside_the_built_in_ones() -> None:
    known = Kinds([entry()])

    assert known.named("mine") is MINE
    assert known.named("trend_core") is TREND_CORE
    assert known.names["trend_core"] == BUILT_IN
    assert known.names["mine"] == "an unnamed package"


def test_what_is_installed_here_is_looked_for_by_the_group() -> None:
    assert set(kinds().names.values()) == {BUILT_IN}


def test_a_strategy_that_there_is_not_is_named_with_the_nearest_or_with_all() -> None:
    with pytest.raises(UnknownNameError, match="'trend_cor'; did you mean trend_core"):
        Kinds([]).named("trend_cor")
    with pytest.raises(UnknownNameError, match=r"'momentum'; use one of trend_core.*, mine"):
        Kinds([entry()]).named("momentum")


def test_code_of_a_strategy_that_nobody_asks_for_is_not_loaded() -> None:
    assert Kinds([entry(value="plugged_broken:MINE")]).named("trend_core") is TREND_CORE


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (entry(value="plugged_broken:MINE"), "cannot be loaded: ImportError: no module named pand"),
        (entry(value="plugged:YOURS"), "cannot be loaded: AttributeError: "),
        (entry(value="plugged:NO_STRATEGY"), "is a dict: its entry point must name a Strategy"),
        (entry(name="yours"), "calls itself 'mine': entry point and Strategy must have one name"),
    ],
)
def test_a_broken_package_is_named_with_what_is_wrong(broken: EntryPoint, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Kinds([broken]).named(broken.name)


@pytest.mark.parametrize("brought", [[entry(), entry()], [entry("trend_core")]])
def test_a_name_that_two_bring_is_refused_at_once(brought: list[EntryPoint]) -> None:
    with pytest.raises(ConfigurationError, match=r"is brought by .* and by .*: uninstall one"):
        Kinds(brought)
