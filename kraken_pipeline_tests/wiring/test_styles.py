"""How orders are made by what the configuration says."""

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.order_style import manner_of
from kraken_pipeline.domain.order_terms import Urgency
from kraken_pipeline.settings import Settings
from kraken_pipeline.wiring.styles import strategy_styles, usual_style


def settings(execution: dict[str, object], order: dict[str, object] | None = None) -> Settings:
    told = {"execution": execution, "strategies": {"configs": {"trend_core": {"order": order}}}}
    return Settings.model_validate(told if order is not None else {"execution": execution})


@pytest.mark.parametrize(
    ("execution", "made"),
    [
        ({"default_order_type": "market"}, ("limit", "IOC", False)),
        ({"default_order_type": "market", "allow_market_orders": True}, ("market", "IOC", False)),
        ({"time_in_force": "FOK"}, ("limit", "FOK", False)),
        ({"post_only": True}, ("limit", "GTD", True)),
        ({}, ("limit", "GTD", False)),
    ],
)
def test_a_market_order_is_a_bounded_one_that_does_not_rest_unless_asked_otherwise(
    execution: dict[str, object], made: tuple[str, str, bool]
) -> None:
    manner = manner_of(usual_style(settings(execution)), None)

    assert (manner.order_type, manner.time_in_force, manner.post_only) == made


@pytest.mark.parametrize(
    ("order", "made"),
    [
        ({}, (Urgency.PASSIVE, "GTD", True)),
        ({"urgency": "urgent"}, (Urgency.URGENT, "IOC", False)),
        ({"urgency": "passive"}, (Urgency.PASSIVE, "GTD", False)),
        ({"order_type": "market"}, (Urgency.NORMAL, "IOC", False)),
        ({"post_only": False, "time_in_force": "FOK"}, (Urgency.NORMAL, "FOK", False)),
    ],
)
def test_a_strategy_says_for_itself_what_the_configuration_says_for_all(
    order: dict[str, object], made: tuple[Urgency, str, bool]
) -> None:
    style = strategy_styles(settings({"post_only": True}, order))["trend_core"]
    manner = manner_of(style, None)

    assert (manner.urgency, manner.time_in_force, manner.post_only) == made


@pytest.mark.parametrize(
    "order",
    [
        {"urgency": "urgent", "post_only": True},
        {"urgency": "urgent", "time_in_force": "GTC"},
        {"urgency": "passive", "time_in_force": "FOK"},
    ],
)
def test_choices_that_do_not_go_together_are_refused_by_the_name_of_the_strategy(
    order: dict[str, object],
) -> None:
    with pytest.raises(ConfigurationError, match=r"strategies\.configs\.trend_core\.order: "):
        strategy_styles(settings({}, order))
