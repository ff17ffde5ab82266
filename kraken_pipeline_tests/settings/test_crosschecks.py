from operator import attrgetter
from typing import Any

import pytest

from kraken_pipeline.settings.crosschecks import ERRORS
from kraken_pipeline.settings.finding import Check, findings
from kraken_pipeline.settings.overruled import WARNINGS
from kraken_pipeline.settings.sections import Settings
from kraken_pipeline.settings.unread import NOT_READ


def names(checks: tuple[Check, ...], tree: dict[str, Any], *written: str) -> list[str]:
    settings = Settings.model_validate(tree)
    paths = frozenset(tuple(each.split(".")) for each in written)
    return [each.says for each in findings(checks, settings, paths)]


def test_the_defaults_hold_together() -> None:
    assert names((*ERRORS, *WARNINGS), {}) == []


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (
            {"risk": {"max_risk_per_trade_pct": 8, "max_portfolio_risk_pct": 5}},
            "risk.max_risk_per_trade_pct is 8 % of NAV, above risk.max_portfolio_risk_pct, 5 %",
        ),
        (
            {"risk": {"max_portfolio_stop_risk_pct": "0.5"}},
            "risk.max_risk_per_trade_pct is 1.0 % of NAV, above risk.max_portfolio_stop_risk_pct",
        ),
        (
            {"risk": {"max_per_strategy_pct": {"trend_cor": 5}}},
            (
                "names trend_cor, which is neither in strategies.enabled nor in "
                "strategies.configs. The nearest one is trend_core"
            ),
        ),
        (
            {"risk": {"max_per_strategy_pct": {"vol_breakout": 5}}},
            "strategies.configs. Remove it, or add vol_breakout to strategies.enabled.",
        ),
        (
            {"execution": {"live_strategy_allowlist": ["trend_corr"]}},
            "execution.live_strategy_allowlist names trend_corr",
        ),
        (
            {"universe": {"include_pairs": ["A/B"], "exclude_pairs": ["A/B"]}},
            "universe.include_pairs and universe.exclude_pairs both name A/B",
        ),
        (
            {"portfolio": {"include_assets": ["A"], "exclude_assets": ["A"]}},
            "portfolio.include_assets and portfolio.exclude_assets both name A",
        ),
        (
            {"execution": {"max_pair_notional_usd": 10}},
            "execution.max_pair_notional_usd is 10 USD, below execution.min_order_notional_usd, 20",
        ),
        (
            {"execution": {"max_total_notional_usd": 19}},
            "execution.max_total_notional_usd is 19 USD, below",
        ),
        (
            {"execution": {"post_only": True, "time_in_force": "IOC"}},
            "execution.post_only is true, but a market, IOC, FOK or urgent order cannot rest",
        ),
        (
            {"execution": {"post_only": True, "urgency": "urgent"}},
            "execution.post_only is true",
        ),
        (
            {"execution": {"urgency": "passive", "time_in_force": "FOK"}},
            "execution.urgency is passive, but a market, IOC or FOK order cannot rest",
        ),
        (
            {
                "execution": {
                    "protective_stops": "conditional_close",
                    "protective_stop_type": "trailing-stop",
                }
            },
            "execution.protective_stops is conditional_close, but a trailing stop can't be one",
        ),
        (
            {"execution": {"post_only": True, "default_order_type": "market"}},
            "execution.post_only is true",
        ),
        (
            {"guard": {"interval_seconds": 60}},
            "guard.interval_seconds is 60, not below guard.timeout_seconds, 60",
        ),
        (
            {"execution": {"dead_man_switch_seconds": 60}},
            "execution.dead_man_switch_seconds is 60; what renews it comes each minute",
        ),
        (
            {"risk": {"min_strategy_weight_pct": 60}},
            "risk.min_strategy_weight_pct is 60, above risk.max_strategy_weight_pct, 50",
        ),
        (
            {"risk": {"market_regime_throttle": {"risk_off_allocation_multiplier": "0.8"}}},
            "risk_off_allocation_multiplier is 0.8, above",
        ),
        (
            {
                "universe": {
                    "filters": {
                        "min_volatility_pct_a_year": "80.5",
                        "max_volatility_pct_a_year": 80,
                    }
                }
            },
            "universe.filters.min_volatility_pct_a_year is 80.5, above",
        ),
        (
            {
                "risk": {"dynamic_allocation_enabled": True, "min_strategy_weight_pct": 50},
                "strategies": {"enabled": ["a", "b", "c"]},
            },
            "risk.min_strategy_weight_pct is 50, and 3 strategies run",
        ),
        *(
            ({"strategies": {"configs": {"trend_core": {"order": order}}}}, says)
            for order, says in (
                ({"urgency": "passive", "time_in_force": "FOK"}, "order.urgency is passive, but"),
                ({"urgency": "passive", "order_type": "market"}, "order.urgency is passive, but"),
                ({"urgency": "urgent", "time_in_force": "GTC"}, "order.urgency is urgent, but"),
                ({"urgency": "urgent", "post_only": True}, "order.post_only is true, but only"),
                ({"post_only": True, "time_in_force": "IOC"}, "order.post_only is true, but only"),
            )
        ),
    ],
)
def test_a_setting_that_can_never_take_effect_is_an_error(tree: dict[str, Any], says: str) -> None:
    [problem] = names(ERRORS, tree)

    assert says in problem


def test_live_needs_a_written_cap_for_every_running_strategy() -> None:
    tree = {
        "execution": {"mode": "live"},
        "strategies": {"enabled": ["a", "b", "c"], "configs": {"c": {"enabled": False}}},
        "risk": {"max_per_strategy_pct": {"a": 5}},
    }

    [problem] = names(ERRORS, tree, "risk.max_per_strategy_pct.a")

    assert "no entry for the enabled strategy b" in problem


def test_live_does_not_take_a_default_for_a_decision() -> None:
    [problem] = names(ERRORS, {"execution": {"mode": "live"}})

    assert "no entry for the enabled strategy trend_core" in problem


@pytest.mark.parametrize("mode", ["paper", "dry_run"])
def test_without_real_money_a_missing_cap_is_a_warning(mode: str) -> None:
    tree = {"execution": {"mode": mode}, "strategies": {"enabled": ["a"]}}

    assert names(ERRORS, tree) == []
    [warning] = names(WARNINGS, tree)
    assert "no entry for a: it may hold risk.max_risk_per_trade_pct, 1.0 % of NAV" in warning


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (
            {"risk": {"max_per_asset_pct": 20}},
            "risk.max_per_asset_pct is 20 % of NAV, but risk.max_gross_exposure_pct allows only 10",
        ),
        (
            {"risk": {"max_per_strategy_pct": {"trend_core": 5, "manual": 20}}},
            "risk.max_per_strategy_pct.manual is 20 % of NAV",
        ),
        (
            {"strategies": {"configs": {"trend_core": {"enabled": False}}}},
            "strategies.configs.trend_core.enabled is false: it does not run",
        ),
        (
            {"strategies": {"configs": {"trend_cor": {}}}},
            "The nearest one that is enabled is trend_core.",
        ),
        (
            {"strategies": {"configs": {"zzz": {}}}},
            "strategies.configs has zzz, which strategies.enabled does not name. It does not run.",
        ),
        (
            {"paper": {"mirror_url": "http://127.0.0.1:9"}},
            "paper.mirror_url is not used: paper.market is own. Set it to kraken.",
        ),
        (
            {"portfolio": {"db_path": "a.db", "db_url": "sqlite:///b.db"}},
            "portfolio.db_path, a.db, is not used",
        ),
    ],
)
def test_a_setting_that_another_overrules_is_a_warning(tree: dict[str, Any], says: str) -> None:
    assert names(ERRORS, tree) == []
    assert any(says in warning for warning in names(WARNINGS, tree))


@pytest.mark.parametrize("key", NOT_READ)
def test_every_key_that_nothing_reads_exists(key: str) -> None:
    attrgetter(key)(Settings())


def test_a_setting_that_changes_nothing_is_a_warning() -> None:
    tree = {"fees": {"source": "assumed"}}

    assert names(WARNINGS, tree, "fees.source") == [
        "fees.source is set, but nothing in this version acts on it."
    ]


def test_a_cap_that_nothing_reads_is_warned_of() -> None:
    key = "risk.max_per_strategy_pct.manual"
    tree = {"risk": {"max_per_strategy_pct": {"trend_core": 10, "manual": 5}}}

    assert names(WARNINGS, tree, key) == [f"{key} is set, but nothing in this version acts on it."]


def test_a_default_that_is_written_down_is_no_warning() -> None:
    assert names(WARNINGS, {"fees": {"source": "account"}}, "fees.source") == []
