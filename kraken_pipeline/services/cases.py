"""An intent and what is known of the world, as the case that the rules of risk look at."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.allocation import ONE
from kraken_pipeline.domain.habits import moves_apart
from kraken_pipeline.domain.intents import Intent, Target
from kraken_pipeline.domain.locks import Lock, LockKind, locked_until, locks_over
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty, round_down
from kraken_pipeline.domain.offers import Offer, offer_of
from kraken_pipeline.domain.order_style import Manner, OrderStyle
from kraken_pipeline.domain.order_terms import Urgency
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.pricing import sweep_price
from kraken_pipeline.domain.protection import is_stop
from kraken_pipeline.domain.risk import Case, Limits
from kraken_pipeline.domain.risk.caps import rooms
from kraken_pipeline.domain.sizing import clamp, minimum_qty, qty_for, target_qty, wanted_notional
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.unknowns import Unknown, unknown_of
from kraken_pipeline.services.ports import Assessment
from kraken_pipeline.services.standing import Standing, place_of
from kraken_pipeline.services.world import World

PANIC_CODE: Final = "HALTED"
"""What an intent is denied with while the panic file lies there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDesk:
    """What a case is measured by."""

    limits: Limits
    """With the cap of a strategy that `strategy_caps` does not name."""
    strategy_caps: Mapping[str, Decimal]
    """Percent of equity."""
    style: OrderStyle
    """How orders are made, with that of a strategy that `strategy_styles` does not name."""
    strategy_styles: Mapping[str, OrderStyle]
    base_currency: Asset
    panic_is_latched: bool
    unacknowledged: tuple[str, ...]
    """Settings that let more happen than a person agreed to; then nothing opens."""
    allowed: Collection[str] | None
    """Strategies that may open; None where no real money is traded, and any may."""


def style_of(desk: CaseDesk, strategy_id: str) -> OrderStyle:
    """Return how the orders of a strategy are made where its wishes do not say."""
    return desk.strategy_styles.get(strategy_id, desk.style)


class CaseMaker:
    """Makes the cases of one assessment."""

    def __init__(
        self,
        desk: CaseDesk,
        world: World,
        standing: Standing,
        assessment: Assessment,
    ) -> None:
        """Take what a case is measured by, and what is known at this instant."""
        self._desk = desk
        self._world = world
        self._members = frozenset(world.universe.names)
        self._standing = standing
        self._halts = assessment.halts()
        self._cooldowns = assessment.cooldowns()
        self._locks = assessment.locks(world.now)

    def offer(self, intent: Intent, pair: Pair, manner: Manner) -> Offer:
        """Return at which prices an order of that manner may trade now.

        Raises:
            InvalidValueError: no price on the tick lies within the bound.
        """
        return offer_of(
            manner,
            side=intent.side,
            decision_price=Price(intent.decision_price),
            pair=pair,
            ticker=self._world.tickers.get(pair.name),
            max_slippage_bps=style_of(self._desk, intent.strategy_id).max_slippage_bps,
        )

    def case(self, intent: Intent, pair: Pair, offer: Offer) -> tuple[Case, tuple[str, ...]]:
        """Return the case, at the price to which the book is deep enough where that counts.

        Returns:
            The case, and the names of the caps that made its size smaller.

        Raises:
            InvalidValueError: what is wished for has no size.
        """
        case, clamped_by = self._sized(intent, pair, offer)
        depth = self._world.depths.get(pair.name)
        if depth is None or offer.manner.urgency is not Urgency.URGENT:
            return case, clamped_by
        levels = depth.asks if case.opens else depth.bids
        limit = sweep_price(intent.side, offer.bound, levels, case.qty)
        return replace(case, limit_price=limit, min_qty=self._min_qty(case, limit)), clamped_by

    def asked(self, intent: Intent, pair: Pair, offer: Offer) -> Case:
        """Return the case of an order of nothing: how everything stands before it."""
        return self._bare_case(intent, pair, offer)

    def _sized(self, intent: Intent, pair: Pair, offer: Offer) -> tuple[Case, tuple[str, ...]]:
        """Build the case at its clamped size, or at the smallest order where a cap leaves less.

        At the smallest order every cap that leaves less objects by itself (RSK-4).
        """
        case = self._bare_case(intent, pair, offer)
        case = replace(case, min_qty=self._min_qty(case, offer.limit))
        if intent.side is Side.SELL:
            return replace(case, qty=_sale_qty(case)), ()
        if case.quote_rate <= 0:
            return case, ()
        factor = self._world.allocation.of(intent.strategy_id).factor
        wanted = self._wanted(case, ONE)
        if factor < ONE:
            case = replace(case, allotted=self._wanted(case, factor))
        left = rooms(case)
        left["FUNDS"] = case.cash * case.quote_rate / (1 + case.fee_share)
        sized = clamp(wanted, left)
        qty, unclamped = (
            qty_for(notional, price=offer.limit, quote_rate=case.quote_rate, lot=pair.lot)
            for notional in (sized.notional, wanted)
        )
        a_cap_leaves_too_little = qty < case.min_qty <= unclamped
        return replace(case, qty=case.min_qty if a_cap_leaves_too_little else qty), sized.clamped_by

    def _wanted(self, case: Case, factor: Decimal) -> Decimal:
        """Return what is wanted more, in base currency, before any cap.

        What the book has already, and what is on order for it, counts towards a target; of a
        target, an allocation leaves a part of all that is to be held.
        """
        intent = case.intent
        if intent.target is None:
            return wanted_notional(
                equity=case.equity,
                risk_pct=case.limits.max_risk_per_trade_pct,
                stop_distance=intent.stop_distance,
                confidence=intent.confidence * factor,
            )
        held = case.owned_qty + self._standing.arriving(intent)
        missing = max(_target_qty(intent.target, case) * factor - held, ZERO)
        return missing * case.limit_price * case.quote_rate

    def _min_qty(self, case: Case, limit: Price) -> Qty:
        style = style_of(self._desk, case.intent.strategy_id)
        return minimum_qty(
            case.pair,
            price=limit,
            quote_rate=case.quote_rate or Decimal(1),
            min_notional=style.min_notional if case.opens else ZERO,
        )

    def _bare_case(self, intent: Intent, pair: Pair, offer: Offer) -> Case:
        world = self._world
        rate = world.rate(pair.quote)
        ticker = world.tickers.get(pair.name)
        notional_24h = ZERO if ticker is None or rate is None else ticker.notional_24h * rate
        snapshot = world.snapshot
        standing = self._standing
        cash = world.free_cash(pair.quote, standing.reserving)
        locks = locks_over(self._locks, pair.name, world.now)
        alike = [each for each in standing.reserving if each.pair == pair.name]
        selling_here = [each for each in alike if each.side is Side.SELL]
        # a stop gives way before the strategy's own sale is sent
        own = [each for each in alike if place_of(each) == place_of(intent) and not is_stop(each)]
        return Case(
            now=world.now,
            intent=intent,
            pair=pair,
            unacknowledged=self._desk.unacknowledged,
            is_allowed=self._desk.allowed is None or intent.strategy_id in self._desk.allowed,
            in_universe=pair.name in self._members,
            manner=offer.manner,
            qty=NOTHING,
            limit_price=offer.limit,
            worst_price=offer.bound,
            quote_rate=rate if rate is not None else ZERO,
            fee_share=world.fee_share(pair.name),
            min_qty=NOTHING,
            quote=world.quoted.quotes.get(pair.name),
            doubts=world.quoted.doubts.get(pair.name, frozenset()),
            stream_age=world.quoted.ages.get(pair.name),
            notional_24h=notional_24h,
            usual_notional=self._usual_notional(pair, rate, notional_24h),
            visible_qty=self._visible_qty(intent.side, offer, pair),
            equity=ZERO if snapshot is None else snapshot.equity,
            coverage=world.coverage,
            unpriced=world.unpriced,
            synced_at=world.universe.at if snapshot is None else snapshot.at,
            cash=cash,
            spendable=self._spendable(pair, cash, rate),
            owned_qty=standing.owned(intent),
            free_qty=Qty(world.free_qty(pair.base, selling_here) + standing.freeable(intent)),
            exposure=standing.exposure(pair, intent.strategy_id, self._apart(pair)),
            activity=standing.activity(intent.strategy_id),
            limits=self._limits(intent.strategy_id, pair.name),
            halts=self._halts_over(pair, intent.strategy_id),
            system_status=world.system_status,
            unknowns=self._unknowns(),
            cooling_until=self._cooling_until(pair, locks),
            locks=locks,
            allotted=None,
            opposed_at=_lowest_sale(selling_here),
            open_orders_alike=sum(each.side is intent.side for each in own),
        )

    def _spendable(self, pair: Pair, cash: Decimal, rate: Decimal | None) -> Decimal:
        """Return the free cash that a buy of the pair may come out of, in base currency."""
        base = self._desk.base_currency
        if pair.quote == base:
            return cash
        free = self._world.free_cash(base, self._standing.reserving)
        return free + cash * (rate or ZERO)

    def _usual_notional(self, pair: Pair, rate: Decimal | None, notional_24h: Decimal) -> Decimal:
        """Return what usually trades in a day, but no more than in the last one.

        Where too few days are stored to tell, the last one is all that is known.
        """
        habit = self._world.habits.get(pair.name)
        if habit is None or habit.notional is None or rate is None:
            return notional_24h
        return min(habit.notional * rate, notional_24h)

    def _visible_qty(self, side: Side, offer: Offer, pair: Pair) -> Decimal | None:
        depth = self._world.depths.get(pair.name)
        if depth is None:
            return None
        if side is Side.BUY:
            return sum((each.qty for each in depth.asks if each.price <= offer.bound), ZERO)
        return sum((each.qty for each in depth.bids if each.price >= offer.bound), ZERO)

    def _apart(self, pair: Pair) -> frozenset[Asset]:
        """Return the assets that are known not to move as one with a pair's base."""
        if self._desk.limits.max_per_cluster_pct is None:
            return frozenset()
        pairs, habits = self._world.pairs, self._world.habits
        apart: set[Asset] = set()
        alike = {pair.base}
        for name in habits.keys() & pairs.keys():
            side = apart if moves_apart(pair.name, name, habits) else alike
            side.add(pairs[name].base)
        return frozenset((apart - alike) & self._standing.assets)

    def _cooling_until(self, pair: Pair, locks: tuple[Lock, ...]) -> datetime | None:
        ends = (self._cooldowns.get(pair.name), locked_until(locks, LockKind.COOLDOWN))
        return max((each for each in ends if each is not None), default=None)

    def _unknowns(self) -> tuple[Unknown, ...]:
        found = (unknown_of(each, now=self._world.now) for each in self._standing.reserving)
        return tuple(each for each in found if each is not None)

    def _halts_over(self, pair: Pair, strategy_id: str) -> frozenset[str]:
        codes = frozenset(
            each.kind.value
            for each in self._halts
            if each.scope.covers(pair=pair.name, asset=pair.base, strategy=strategy_id)
        )
        return codes | {PANIC_CODE} if self._desk.panic_is_latched else codes

    def _limits(self, strategy_id: str, pair: str) -> Limits:
        limits = self._desk.limits
        cap = self._desk.strategy_caps.get(strategy_id, limits.max_per_strategy_pct)
        qty = self._world.qty_caps.get(pair, limits.max_order_qty)
        if (cap, qty) == (limits.max_per_strategy_pct, limits.max_order_qty):
            return limits
        return replace(limits, max_per_strategy_pct=cap, max_order_qty=qty)


def _lowest_sale(selling: Iterable[Order]) -> Price | None:
    """Return the lowest price of the sales that are in the book; what waits is in none."""
    return min((each.limit_price for each in selling if each.trigger is None), default=None)


def _target_qty(target: Target, case: Case) -> Decimal:
    return target_qty(
        target, price=case.limit_price, quote_rate=case.quote_rate, equity=case.equity
    )


def _sale_qty(case: Case) -> Qty:
    """Return how much is sold: all that can be, or what stands above the target.

    What would be left too small to be ever sold by itself goes along.
    """
    sellable = max(min(case.owned_qty, case.free_qty), NOTHING)
    target, lot = case.intent.target, case.pair.lot
    if target is None:
        return Qty(round_down(sellable, lot))
    above = case.owned_qty - _target_qty(target, case)
    if above <= 0:
        return NOTHING
    part = Qty(round_down(min(above, sellable), lot))
    is_all = case.owned_qty - part < case.min_qty
    return Qty(round_down(sellable, lot)) if is_all else part
