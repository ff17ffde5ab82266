"""Questions about how much: per order, pair, asset, strategy and portfolio.

Each holds against the worst case: all that is open fills at its limit, fees on top (RSK-2).
Only buys are asked; a sell lowers every one of these.
"""

from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question
from kraken_pipeline.domain.money import PERCENT
from kraken_pipeline.domain.risk.case import Case, Exposure, Limits


def _over(code: str, after: Decimal, most: Decimal) -> Objection:
    return Objection(code, f"after={after:.2f}, max={most:.2f}")


def trade_risk_holds(case: Case) -> Objection | None:
    """A hit stop loses no more of equity than one trade may."""
    most = case.share_of_equity(case.limits.max_risk_per_trade_pct)
    if not case.opens or case.stop_risk <= most:
        return None
    return _over("CAP_ORDER", case.stop_risk, most)


def volume_share_holds(case: Case) -> Objection | None:
    """The order is a small part of what trades in a day."""
    most = case.notional_24h * case.limits.max_order_pct_of_24h_volume * PERCENT
    if not case.opens or case.notional <= most:
        return None
    return _over("DEPTH", case.notional, most)


def pair_cap_holds(case: Case) -> Objection | None:
    """The pair stays under its cap, where one is set."""
    most, after = case.limits.max_pair_notional, case.exposure.pair + case.worst_cost
    if not case.opens or most is None or after <= most:
        return None
    return _over("CAP_PAIR", after, most)


def asset_cap_holds(case: Case) -> Objection | None:
    """The asset, over all its pairs, stays under its share of equity."""
    after = case.exposure.asset + case.worst_cost
    most = case.share_of_equity(case.limits.max_per_asset_pct)
    if not case.opens or after <= most:
        return None
    return _over("CAP_ASSET", after, most)


def strategy_cap_holds(case: Case) -> Objection | None:
    """The strategy, over all its timeframes, stays under its share of equity."""
    after = case.exposure.strategy + case.worst_cost
    most = case.share_of_equity(case.limits.max_per_strategy_pct)
    if not case.opens or after <= most:
        return None
    return _over("CAP_STRATEGY", after, most)


def gross_cap_holds(case: Case) -> Objection | None:
    """Everything held stays under its share of equity."""
    after = case.exposure.gross + case.worst_cost
    most = case.share_of_equity(case.limits.max_gross_exposure_pct)
    if not case.opens or after <= most:
        return None
    return _over("CAP_GROSS", after, most)


def total_notional_holds(case: Case) -> Objection | None:
    """Everything held stays under the absolute cap, where one is set."""
    most, after = case.limits.max_total_notional, case.exposure.gross + case.worst_cost
    if not case.opens or most is None or after <= most:
        return None
    return _over("CAP_TOTAL", after, most)


def stop_risk_holds(case: Case) -> Objection | None:
    """If every stop were hit at once, the loss stays under its share of equity (RSK-1)."""
    after = case.exposure.stop_risk + case.stop_risk
    most = case.share_of_equity(case.limits.max_portfolio_stop_risk_pct)
    if not case.opens or after <= most:
        return None
    return _over("CAP_STOP_RISK", after, most)


def position_count_holds(case: Case) -> Objection | None:
    """There are no more positions than allowed; adding to one is none more."""
    count, most = case.exposure.positions, case.limits.max_open_positions
    if not case.opens or case.exposure.asset_is_held or count < most:
        return None
    return Objection("CAP_POSITIONS", f"open={count}, max={most}")


CAP_RULES: Final[tuple[Question[Case], ...]] = (
    trade_risk_holds,
    volume_share_holds,
    pair_cap_holds,
    asset_cap_holds,
    strategy_cap_holds,
    gross_cap_holds,
    total_notional_holds,
    stop_risk_holds,
    position_count_holds,
)


def rooms(
    exposure: Exposure,
    limits: Limits,
    *,
    equity: Decimal,
    notional_24h: Decimal,
    stop_distance: Decimal,
    fee_share: Decimal,
) -> dict[str, Decimal]:
    """Return what each cap leaves for a buy, in base currency before fees, by the cap's code.

    A size that is clamped to the smallest of these passes every question above.

    Args:
        exposure: what is held and open, at its worst.
        limits: the configured bounds.
        equity: in base currency.
        notional_24h: what trades in a day, in base currency.
        stop_distance: share of the price between entry and stop, above zero.
        fee_share: the higher fee rate, as a share of cost.
    """

    def share(percent: Decimal) -> Decimal:
        return equity * percent * PERCENT

    with_fee = 1 + fee_share
    left = {
        "CAP_ORDER": share(limits.max_risk_per_trade_pct) / stop_distance,
        "DEPTH": notional_24h * limits.max_order_pct_of_24h_volume * PERCENT,
        "CAP_ASSET": (share(limits.max_per_asset_pct) - exposure.asset) / with_fee,
        "CAP_STRATEGY": (share(limits.max_per_strategy_pct) - exposure.strategy) / with_fee,
        "CAP_GROSS": (share(limits.max_gross_exposure_pct) - exposure.gross) / with_fee,
        "CAP_STOP_RISK": (share(limits.max_portfolio_stop_risk_pct) - exposure.stop_risk)
        / stop_distance,
    }
    if limits.max_pair_notional is not None:
        left["CAP_PAIR"] = (limits.max_pair_notional - exposure.pair) / with_fee
    if limits.max_total_notional is not None:
        left["CAP_TOTAL"] = (limits.max_total_notional - exposure.gross) / with_fee
    return left
