"""Questions about the state of the world: halts, age, stale data, status, funds, minimums."""

from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import BPS
from kraken_pipeline.domain.nav import COVERAGE_NEEDED
from kraken_pipeline.domain.order_checks import fires_at_once, takes
from kraken_pipeline.domain.risk.case import Case
from kraken_pipeline.domain.staleness import denials
from kraken_pipeline.domain.unknowns import Wanted, block


def not_halted(case: Case) -> Objection | None:
    """Nothing is latched, or the order reduces."""
    if not case.opens or not case.halts:
        return None
    codes = sorted(case.halts)
    return Objection(codes[0], f"halts={','.join(codes)}")


def bounds_are_acknowledged(case: Case) -> Objection | None:
    """No bound was loosened since a person last agreed to them (CFG-5)."""
    if not case.opens or not case.unacknowledged:
        return None
    return Objection("CONFIG_LOOSER", "; ".join(case.unacknowledged))


def strategy_is_allowed(case: Case) -> Objection | None:
    """The strategy may trade real money, where it is real money (MOD-2)."""
    if not case.opens or case.is_allowed:
        return None
    return Objection("NOT_ALLOWLISTED", f"strategy={case.intent.strategy_id}")


def stage_lets_open(case: Case) -> Objection | None:
    """The strategy is at a stage of its life at which it may open something (STG-7)."""
    if not case.opens or not case.barred:
        return None
    return Objection("LIFECYCLE", f"strategy={case.intent.strategy_id}, {case.barred}")


def intent_is_alive(case: Case) -> Objection | None:
    """The horizon of the intent is not over."""
    if case.now < case.intent.expires_at:
        return None
    return Objection("INTENT_EXPIRED", f"now={case.now}, expires_at={case.intent.expires_at}")


def stream_is_heard(case: Case) -> Objection | None:
    """Where a stream was started it is heard, or the order reduces."""
    return _undoubted("DATA_STALE_SOCKET", case)


def pair_is_heard(case: Case) -> Objection | None:
    """The stream tells of the pair as often as is usual for it."""
    return _undoubted("DATA_STALE_SUB", case)


def quote_is_fresh(case: Case) -> Objection | None:
    """The market answered a short while ago, and not late; a reduction may do with what it has.

    One from the future is as bad as an old one: a clock is wrong, and it would stay fresh.
    """
    if not case.opens:
        return None
    if case.quote is None:
        return Objection("DATA_STALE_EVENT", f"no quote of {case.pair.name}")
    age, bound = (
        case.now - case.quote.received_at,
        timedelta(seconds=case.limits.max_quote_age_seconds),
    )
    if abs(age) <= bound:
        return _undoubted("DATA_STALE_EVENT", case)
    return Objection("DATA_STALE_EVENT", f"quote_age={age}, max={bound}")


def quote_makes_sense(case: Case) -> Objection | None:
    """Somebody buys, nobody pays more than somebody asks, and no source says something else."""
    if not case.opens or case.quote is None:
        return None
    ticker = case.quote.ticker
    if 0 < ticker.bid <= ticker.ask:
        return _undoubted("DATA_CONTENT", case)
    return Objection("DATA_CONTENT", f"bid={ticker.bid}, ask={ticker.ask}")


def books_are_fresh(case: Case) -> Objection | None:
    """Balances and fills were read a short while ago, and not in the future."""
    age, bound = case.now - case.synced_at, timedelta(seconds=case.limits.max_sync_age_seconds)
    if not case.opens or abs(age) <= bound:
        return None
    return Objection("SYNC_STALE", f"sync_age={age}, max={bound}")


def equity_is_known(case: Case) -> Objection | None:
    """Nearly all that is held has a fresh price, both sides of the pair among it (RSK-6, PF-12)."""
    is_doubtful = case.pair.base in case.unpriced or case.pair.quote in case.unpriced
    is_known = case.equity > 0 and case.coverage >= COVERAGE_NEEDED
    if not case.opens or (is_known and not is_doubtful):
        return None
    figures = (
        f"equity={case.equity:.2f}, coverage={case.coverage * 100:.1f}%, "
        f"unpriced={','.join(case.unpriced) or 'none'}"
    )
    return Objection("NAV_COVERAGE", figures)


def exchange_takes_orders(case: Case) -> Objection | None:
    """The exchange as a whole takes orders made like this one."""
    return _unless_taken("SYSTEM_STATUS", case.system_status, case)


def pair_takes_orders(case: Case) -> Objection | None:
    """The pair's status allows this side, and orders made like this one."""
    return _unless_taken("PAIR_STATUS", case.pair.status, case)


def pair_is_in_the_universe(case: Case) -> Objection | None:
    """A pair that left the universe may be closed, not opened (UNI-6)."""
    if not case.opens or case.in_universe:
        return None
    return Objection("UNIVERSE", f"pair={case.pair.name}")


def pair_is_liquid(case: Case) -> Objection | None:
    """Enough trades in a day; reductions pass."""
    if not case.opens or case.notional_24h >= case.limits.min_liquidity_24h:
        return None
    figures = f"notional_24h={case.notional_24h:.0f}, min={case.limits.min_liquidity_24h}"
    return Objection("LIQUIDITY", figures)


def spread_is_narrow(case: Case) -> Objection | None:
    """Bid and ask are close together."""
    if not case.opens or case.quote is None:
        return None
    ticker = case.quote.ticker
    widest = ticker.mid * case.limits.max_spread_bps * BPS
    if ticker.ask - ticker.bid <= widest:
        return None
    return Objection("SPREAD", f"bid={ticker.bid}, ask={ticker.ask}, max={widest:.8f}")


def stop_is_worth_the_fees(case: Case) -> Objection | None:
    """What is risked, and so can be hoped for, is more than the fees there and back take."""
    least = case.limits.min_stop_in_round_trips * 2 * case.fee_share
    if not case.opens or case.intent.stop_distance >= least:
        return None
    return Objection("FEE_EDGE", f"stop_distance={case.intent.stop_distance}, min={least}")


def price_is_within_reach(case: Case) -> Objection | None:
    """The market has not run past the slippage bound since the decision.

    What waits for a trigger has its bound there, wherever the market is now.
    """
    if not case.opens or case.quote is None or case.manner.waits:
        return None
    if case.quote.ticker.ask <= case.worst_price:
        return None
    return Objection("PRICE_BAND", f"ask={case.quote.ticker.ask}, bound={case.worst_price}")


def book_was_read(case: Case) -> Objection | None:
    """What goes as deep into the book as it needs knows how deep that is."""
    if not case.opens or not case.takes_depth or case.visible_qty is not None:
        return None
    return Objection("DEPTH_UNKNOWN", f"no book of {case.pair.name}")


def trigger_lies_ahead(case: Case) -> Objection | None:
    """The market is not beyond the trigger already, and it is known where the market is."""
    trigger = case.manner.trigger
    if trigger is None or trigger.price is None:
        return None
    if case.quote is None:
        return Objection("TRIGGER_SIDE", f"trigger={trigger.price}, no quote of {case.pair.name}")
    ticker = case.quote.ticker
    if not fires_at_once(case.manner.order_type, case.intent.side, trigger.price, ticker):
        return None
    return Objection("TRIGGER_SIDE", f"trigger={trigger.price}, last={ticker.last}")


def fates_are_known(case: Case) -> Objection | None:
    """No order of unknown fate has to be settled first (OMS-10)."""
    if not case.unknowns:
        return None
    wanted = Wanted(
        pair=case.pair.name,
        asset=case.pair.base,
        strategy_id=case.intent.strategy_id,
        opens=case.opens,
    )
    return block(case.unknowns, wanted, equity=case.equity)


def pair_does_not_cool(case: Case) -> Objection | None:
    """No position on it was closed, and no order refused for funds, a short while ago (OMS-17)."""
    if not case.opens or case.cooling_until is None or case.cooling_until <= case.now:
        return None
    return Objection("COOLDOWN", f"now={case.now}, until={case.cooling_until}")


def no_sale_of_ours_is_met(case: Case) -> Objection | None:
    """A buy would not trade with what we sell ourselves; a sale is never asked (PF-10)."""
    if case.opposed_at is None or not case.opens or case.limit_price < case.opposed_at:
        return None
    return Objection("SELF_TRADE", f"limit={case.limit_price}, our_sale={case.opposed_at}")


def nothing_alike_is_open(case: Case) -> Objection | None:
    """The book has no open order on that side of the pair already."""
    if case.open_orders_alike == 0:
        return None
    return Objection("DUPLICATE_INTENT", f"open={case.open_orders_alike}")


def cash_suffices(case: Case) -> Objection | None:
    """A buy with its fee can be paid from what is free."""
    worst_quote = case.qty * case.limit_price * (1 + case.fee_share)
    if case.intent.side is Side.SELL or worst_quote <= case.cash:
        return None
    return Objection("FUNDS", f"worst_cost={worst_quote:.8f}, cash={case.cash}")


def seller_owns_it(case: Case) -> Objection | None:
    """A sell takes only what its own book and the account both hold (PF-10)."""
    available = min(case.owned_qty, case.free_qty)
    if case.opens or 0 < case.qty <= available:
        return None
    return Objection("NOT_OWNED", f"qty={case.qty}, owned={case.owned_qty}, free={case.free_qty}")


def order_is_large_enough(case: Case) -> Objection | None:
    """It orders something, and no less than the exchange and, for a buy, we accept."""
    if case.qty > 0 and case.qty >= case.min_qty:
        return None
    return Objection("MIN_QTY", f"qty={case.qty}, min={case.min_qty}")


STATE_RULES: Final[tuple[Question[Case], ...]] = (
    not_halted,
    bounds_are_acknowledged,
    strategy_is_allowed,
    stage_lets_open,
    intent_is_alive,
    stream_is_heard,
    pair_is_heard,
    quote_is_fresh,
    quote_makes_sense,
    books_are_fresh,
    equity_is_known,
    exchange_takes_orders,
    pair_takes_orders,
    pair_is_in_the_universe,
    pair_is_liquid,
    spread_is_narrow,
    stop_is_worth_the_fees,
    price_is_within_reach,
    book_was_read,
    trigger_lies_ahead,
    fates_are_known,
    pair_does_not_cool,
    no_sale_of_ours_is_met,
    nothing_alike_is_open,
    cash_suffices,
    seller_owns_it,
    order_is_large_enough,
)

REDUCTION_RULES: Final[tuple[Question[Case], ...]] = (
    intent_is_alive,
    exchange_takes_orders,
    pair_takes_orders,
    trigger_lies_ahead,
    fates_are_known,
    nothing_alike_is_open,
    seller_owns_it,
    order_is_large_enough,
)
"""Those of them that may stand against what reduces; no other rule ever does."""


def _undoubted(code: str, case: Case) -> Objection | None:
    if not case.opens or not case.doubts:
        return None
    doubts = denials(case.doubts).get(code)
    if doubts is None:
        return None
    age = "none told" if case.stream_age is None else f"{case.stream_age.total_seconds():.1f} s"
    return Objection(code, f"pair={case.pair.name}, doubts={doubts}, price_age={age}")


def _unless_taken(code: str, status: str, case: Case) -> Objection | None:
    manner = case.manner
    if takes(status, opens=case.opens, order_type=manner.order_type, post_only=manner.post_only):
        return None
    return Objection(code, f"status={status}, type={manner.order_type}")
