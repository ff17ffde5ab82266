"""What single values cannot show: settings that contradict each other.

An error is a setting that can never take effect, or that promises what nothing does: a trade may
not risk more than the whole portfolio, an order may not have to be larger than it may be. Whether a
share of NAV is enough for the smallest order cannot be told without NAV; that is for the gates
before an order. What is only warned of is in `overruled`.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from kraken_pipeline.settings.finding import ALIKE, MANUAL, Check, Finding, Written, find
from kraken_pipeline.settings.nearest import nearest
from kraken_pipeline.settings.sections import Settings

SHORTEST_BY_SCHEDULE: Final = 180
"""Seconds of a dead man's switch that a schedule renews; it may miss two of its minutes."""
PERCENT_OF_ALL: Final = 100


def a_trade_fits_into_the_portfolio(settings: Settings, written: Written) -> Iterator[Finding]:
    """One trade may not risk more than all trades together (CFG-1)."""
    risk = settings.risk
    trade = risk.max_risk_per_trade_pct
    for key, whole in (
        ("risk.max_portfolio_risk_pct", risk.max_portfolio_risk_pct),
        ("risk.max_portfolio_stop_risk_pct", risk.max_portfolio_stop_risk_pct),
    ):
        if trade > whole:
            yield find(
                f"risk.max_risk_per_trade_pct is {trade} % of NAV, above {key}, {whole} % of NAV: "
                "it can never be used up. Lower the first or raise the second.",
                "risk.max_risk_per_trade_pct",
                key,
            )


def caps_name_known_strategies(settings: Settings, written: Written) -> Iterator[Finding]:
    """A cap on a strategy that does not exist caps nothing."""
    known = {*settings.strategies.enabled, *settings.strategies.configs, MANUAL}
    yield from _strangers("risk.max_per_strategy_pct", settings.risk.max_per_strategy_pct, known)


def the_allowlist_names_known_strategies(settings: Settings, written: Written) -> Iterator[Finding]:
    """A permission for a strategy that does not exist is meant for another one."""
    known = {*settings.strategies.enabled, *settings.strategies.configs}
    names = settings.execution.live_strategy_allowlist
    yield from _strangers("execution.live_strategy_allowlist", names, known)


def _strangers(key: str, names: Iterable[str], known: set[str]) -> Iterator[Finding]:
    for name in names:
        if name not in known:
            meant = " or ".join(nearest(name, sorted(known), at_least=ALIKE))
            hint = f"The nearest one is {meant}: rename it" if meant else "Remove it"
            yield find(
                f"{key} names {name}, which is neither in strategies.enabled nor in "
                f"strategies.configs. {hint}, or add {name} to strategies.enabled.",
                f"{key}.{name}",
            )


def live_has_a_cap_for_every_strategy(settings: Settings, written: Written) -> Iterator[Finding]:
    """Live money needs a limit that someone wrote down for this strategy (CFG-6)."""
    if settings.execution.mode != "live":
        return
    for name in settings.strategies.running():
        if ("risk", "max_per_strategy_pct", name) not in written:
            yield find(
                f"execution.mode is live, but risk.max_per_strategy_pct has no entry for the "
                f"enabled strategy {name}. Write risk.max_per_strategy_pct.{name} in % of NAV.",
                "execution.mode",
            )


def nothing_is_both_in_and_out(settings: Settings, written: Written) -> Iterator[Finding]:
    """What is included and excluded would be excluded."""
    universe, portfolio = settings.universe, settings.portfolio
    for section, kind, included, excluded in (
        ("universe", "pairs", universe.include_pairs, universe.exclude_pairs),
        ("portfolio", "assets", portfolio.include_assets, portfolio.exclude_assets),
    ):
        for name in sorted(set(included) & set(excluded)):
            yield find(
                f"{section}.include_{kind} and {section}.exclude_{kind} both name {name}. "
                "Remove it from one.",
                f"{section}.include_{kind}",
                f"{section}.exclude_{kind}",
            )


def an_order_can_be_large_enough(settings: Settings, written: Written) -> Iterator[Finding]:
    """No buy could be sent if the smallest one were above the largest."""
    execution = settings.execution
    smallest = execution.min_order_notional_usd
    for key, largest in (
        ("execution.max_pair_notional_usd", execution.max_pair_notional_usd),
        ("execution.max_total_notional_usd", execution.max_total_notional_usd),
    ):
        if largest is not None and smallest > largest:
            yield find(
                f"{key} is {largest} USD, below execution.min_order_notional_usd, {smallest} USD: "
                "nothing could be bought. Raise the first or lower the second.",
                key,
                "execution.min_order_notional_usd",
            )


def post_only_orders_can_rest(settings: Settings, written: Written) -> Iterator[Finding]:
    """A post-only or passive order must be able to wait in the book."""
    execution = settings.execution
    rests = execution.default_order_type == "limit" and execution.time_in_force == "GTC"
    if execution.post_only and (not rests or execution.urgency == "urgent"):
        yield find(
            "execution.post_only is true, but a market, IOC, FOK or urgent order cannot rest. "
            "Set it to false, or use limit and GTC.",
            "execution.post_only",
        )
    if execution.urgency == "passive" and not rests:
        yield find(
            "execution.urgency is passive, but a market, IOC or FOK order cannot rest. "
            "Set it to normal, or use limit and GTC.",
            "execution.urgency",
        )


def a_strategys_order_fits_together(settings: Settings, written: Written) -> Iterator[Finding]:
    """What a strategy says of its orders may not contradict itself either."""
    for name, config in settings.strategies.configs.items():
        order, at = config.order, f"strategies.configs.{name}.order"
        rests = order.order_type != "market" and order.time_in_force not in {"IOC", "FOK"}
        if order.post_only and (not rests or order.urgency not in {None, "passive"}):
            yield find(
                f"{at}.post_only is true, but only a limit order can rest, one that is passive and "
                "neither IOC nor FOK. Set it to false, or leave the other out.",
                f"{at}.post_only",
            )
        if order.urgency == "passive" and not rests:
            yield find(
                f"{at}.urgency is passive, but a market, IOC or FOK order cannot rest. "
                "Set it to normal, or leave the other out.",
                f"{at}.urgency",
            )
        if order.urgency == "urgent" and order.time_in_force == "GTC":
            yield find(
                f"{at}.urgency is urgent, but what is GTC rests. Leave time_in_force out.",
                f"{at}.urgency",
            )


def a_close_at_kraken_has_a_price(settings: Settings, written: Written) -> Iterator[Finding]:
    """What Kraken places for each fill lies at a price; one that trails lies at none."""
    execution = settings.execution
    is_close = execution.protective_stops == "conditional_close"
    if is_close and execution.protective_stop_type == "trailing-stop":
        yield find(
            "execution.protective_stops is conditional_close, but a trailing stop can't be one. "
            "Use after_fill, or another execution.protective_stop_type.",
            "execution.protective_stops",
            "execution.protective_stop_type",
        )


def the_guard_renews_in_time(settings: Settings, written: Written) -> Iterator[Finding]:
    """A switch that is renewed later than it fires always fires."""
    guard = settings.guard
    if guard.interval_seconds >= guard.timeout_seconds:
        yield find(
            f"guard.interval_seconds is {guard.interval_seconds}, not below guard.timeout_seconds, "
            f"{guard.timeout_seconds}: the switch would fire before it is renewed. Lower it.",
            "guard.interval_seconds",
            "guard.timeout_seconds",
        )


def the_schedule_renews_in_time(settings: Settings, written: Written) -> Iterator[Finding]:
    """A schedule that comes each minute needs time to start what renews the switch."""
    seconds = settings.execution.dead_man_switch_seconds
    if 0 < seconds < SHORTEST_BY_SCHEDULE:
        yield find(
            f"execution.dead_man_switch_seconds is {seconds}; what renews it comes each minute, so "
            f"it would fire on good days. Give {SHORTEST_BY_SCHEDULE} or more; 0 turns it off. For "
            "a shorter one run `kraken-pipeline guard`, with guard.timeout_seconds.",
            "execution.dead_man_switch_seconds",
        )


def ranges_have_room(settings: Settings, written: Written) -> Iterator[Finding]:
    """A least value may not be above its greatest."""
    risk, throttle = settings.risk, settings.risk.market_regime_throttle
    at = "risk.market_regime_throttle."
    for low_key, low, high_key, high in (
        (
            "risk.min_strategy_weight_pct",
            risk.min_strategy_weight_pct,
            "risk.max_strategy_weight_pct",
            risk.max_strategy_weight_pct,
        ),
        (
            f"{at}risk_off_allocation_multiplier",
            throttle.risk_off_allocation_multiplier,
            f"{at}neutral_allocation_multiplier",
            throttle.neutral_allocation_multiplier,
        ),
        (
            f"{at}neutral_allocation_multiplier",
            throttle.neutral_allocation_multiplier,
            f"{at}risk_on_allocation_multiplier",
            throttle.risk_on_allocation_multiplier,
        ),
    ):
        if low > high:
            yield find(
                f"{low_key} is {low}, above {high_key}, {high}. Lower the first or raise the "
                "second.",
                low_key,
                high_key,
            )


def least_weights_fit_together(settings: Settings, written: Written) -> Iterator[Finding]:
    """Not more than all can be shared out."""
    running, least = len(settings.strategies.running()), settings.risk.min_strategy_weight_pct
    if settings.risk.dynamic_allocation_enabled and running * least > PERCENT_OF_ALL:
        yield find(
            f"risk.min_strategy_weight_pct is {least}, and {running} strategies run: that is more "
            "than 100 % of the allocation. Lower it.",
            "risk.min_strategy_weight_pct",
            "strategies.enabled",
        )


def volatilities_have_room(settings: Settings, written: Written) -> Iterator[Finding]:
    """No pair can be in where the band of volatilities is empty."""
    low = settings.universe.filters.min_volatility_pct_a_year
    high = settings.universe.filters.max_volatility_pct_a_year
    if low is not None and high is not None and low > high:
        yield find(
            f"universe.filters.min_volatility_pct_a_year is {low}, above "
            f"universe.filters.max_volatility_pct_a_year, {high}. Lower the first or raise "
            "the second.",
            "universe.filters.min_volatility_pct_a_year",
            "universe.filters.max_volatility_pct_a_year",
        )


ERRORS: Final[tuple[Check, ...]] = (
    a_trade_fits_into_the_portfolio,
    caps_name_known_strategies,
    the_allowlist_names_known_strategies,
    live_has_a_cap_for_every_strategy,
    nothing_is_both_in_and_out,
    an_order_can_be_large_enough,
    post_only_orders_can_rest,
    a_strategys_order_fits_together,
    a_close_at_kraken_has_a_price,
    the_guard_renews_in_time,
    the_schedule_renews_in_time,
    ranges_have_room,
    volatilities_have_room,
    least_weights_fit_together,
)
