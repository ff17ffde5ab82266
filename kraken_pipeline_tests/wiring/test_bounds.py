"""Every bound is read from the settings by its key, and live compares them."""

from decimal import Decimal

from kraken_pipeline.domain.loosening import WAYS, way_of
from kraken_pipeline.settings import Settings
from kraken_pipeline.wiring.bounds import bounds_of


def test_every_bound_has_a_way_and_every_way_a_setting() -> None:
    bounds = bounds_of(Settings())

    assert all(way_of(key) for key in bounds)
    assert WAYS.keys() - bounds.keys() == {"risk.max_per_strategy_pct", "risk.max_order_qty"}
    assert bounds["risk.max_per_strategy_pct.trend_core"] == Decimal(10)
    assert bounds["strategies.enabled"] == ("trend_core",)


def test_no_setting_that_is_called_a_bound_is_left_out() -> None:
    fields = (f"risk.{each}" for each in type(Settings().risk).model_fields)
    bounding = {each for each in fields if each.split(".")[1].startswith(("max_", "min_"))}

    assert bounding - WAYS.keys() == {
        "risk.max_strategy_weight_pct",
        "risk.min_strategy_weight_pct",
    }
