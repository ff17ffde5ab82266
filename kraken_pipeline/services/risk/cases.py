"""An intent and what is known of the world, as the case that the rules of risk look at."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, NamedTuple

from kraken_pipeline.domain.allocation import ONE
from kraken_pipeline.domain.intents import Intent, Target
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty, round_down
from kraken_pipeline.domain.offers import Offer, offer_of
from kraken_pipeline.domain.order_style import Manner, OrderStyle, manner_of
from kraken_pipeline.domain.order_terms import Urgency
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.pricing import sweep_price
from kraken_pipeline.domain.protection import is_stop
from kraken_pipeline.domain.risk import Case, Limits
from kraken_pipeline.domain.risk.caps import Bound, bounds, rooms
from kraken_pipeline.domain.sizing import clamp, minimum_qty, qty_for, target_qty, wanted_notional
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.ports.decisions import Assessment
from kraken_pipeline.services.risk.pair_facts import PairBook
from kraken_pipeline.services.risk.standing import Standing, place_of
from kraken_pipeline.services.risk.world import World

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
    barred: Callable[[str], str]
    """Says why a strategy may open nothing at its stage; nothing where it may."""
    parts: Mapping[str, Decimal]
    """What of its own caps a strategy may use, 0 to 1, where its stage leaves it not all."""


def style_of(desk: CaseDesk, strategy_id: str) -> OrderStyle:
    """Return how the orders of a strategy are made where its wishes do not say."""
    return desk.strategy_styles.get(strategy_id, desk.style)


class Fitted(NamedTuple):
    """A case at the size that its caps leave."""

    case: Case
    clamped_by: tuple[str, ...]
    """Codes of the caps that made it smaller than wanted."""
    bound_by: tuple[Bound, ...]
    """Its caps; none of what reduces."""


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
        self._standing = standing
        self._pairs = PairBook(
            world, assessment, has_clusters=desk.limits.max_per_cluster_pct is not None
        )
        self._halts = assessment.halts()
        self._coverage, self._unpriced = world.coverage, world.unpriced
        self._limits_by: dict[tuple[Decimal, Decimal, Decimal | None], Limits] = {}
        self._usual_manners: dict[str, Manner] = {}

    def manner(self, intent: Intent) -> Manner:
        """Return how an order of an intent is made.

        Raises:
            InvalidValueError: what the wish says does not go together.
        """
        style = style_of(self._desk, intent.strategy_id)
        if intent.terms is not None:
            return manner_of(style, intent.terms)
        known = self._usual_manners.get(intent.strategy_id)
        if known is None:
            known = self._usual_manners[intent.strategy_id] = manner_of(style, None)
        return known

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

    def case(self, intent: Intent, pair: Pair, offer: Offer) -> Fitted:
        """Return the case, at the price to which the book is deep enough where that counts.

        Raises:
            InvalidValueError: what is wished for has no size.
        """
        fitted = self._sized(intent, pair, offer)
        depth = self._world.depths.get(pair.name)
        if depth is None or offer.manner.urgency is not Urgency.URGENT:
            return fitted
        case = fitted.case
        levels = depth.asks if case.opens else depth.bids
        limit = sweep_price(intent.side, offer.bound, levels, case.qty)
        least = self._min_qty(intent, pair, case.quote_rate, limit)
        return fitted._replace(case=replace(case, limit_price=limit, min_qty=least))

    def asked(self, intent: Intent, pair: Pair, offer: Offer) -> Case:
        """Return the case of an order of nothing: how everything stands before it."""
        return self._bare_case(intent, pair, offer)

    def _sized(self, intent: Intent, pair: Pair, offer: Offer) -> Fitted:
        """Build the case at its clamped size, or at the smallest order where a cap leaves less.

        At the smallest order every cap that leaves less objects by itself (RSK-4).
        """
        case = self._bare_case(intent, pair, offer)
        if intent.side is Side.SELL:
            return Fitted(case.sized(_sale_qty(case)), (), ())
        if case.quote_rate <= 0:
            return Fitted(case, (), bounds(case))
        factor = self._world.allocation.of(intent.strategy_id).factor
        wanted = self._wanted(case, ONE)
        if factor < ONE:
            case = replace(case, allotted=self._wanted(case, factor))
        bound_by = bounds(case)
        left = rooms(case, bound_by)
        left["FUNDS"] = case.cash * case.quote_rate / (1 + case.fee_share)
        sized = clamp(wanted, left)
        qty = _qty(case, sized.notional)
        if qty < case.min_qty <= _qty(case, wanted):
            qty = case.min_qty
        return Fitted(case.sized(qty), sized.clamped_by, bound_by)

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

    def _min_qty(self, intent: Intent, pair: Pair, rate: Decimal, limit: Price) -> Qty:
        style = style_of(self._desk, intent.strategy_id)
        return minimum_qty(
            pair,
            price=limit,
            quote_rate=rate or ONE,
            min_notional=style.min_notional if intent.side is Side.BUY else ZERO,
        )

    def _bare_case(self, intent: Intent, pair: Pair, offer: Offer) -> Case:
        world, standing, snapshot = self._world, self._standing, self._world.snapshot
        facts = self._pairs.of(pair)
        apart = self._pairs.apart(pair)
        rate = facts.rate if facts.rate is not None else ZERO
        cash = standing.free_cash(pair.quote)
        alike = standing.reserving(pair.name)
        selling_here = [each for each in alike if each.side is Side.SELL]
        # a stop gives way before the strategy's own sale is sent
        place = place_of(intent)
        own = [each for each in alike if place_of(each) == place and not is_stop(each)]
        return Case(
            now=world.now,
            intent=intent,
            pair=pair,
            unacknowledged=self._desk.unacknowledged,
            is_allowed=self._desk.allowed is None or intent.strategy_id in self._desk.allowed,
            barred=self._desk.barred(intent.strategy_id),
            in_universe=facts.in_universe,
            manner=offer.manner,
            qty=NOTHING,
            limit_price=offer.limit,
            worst_price=offer.bound,
            quote_rate=rate,
            fee_share=facts.fee_share,
            min_qty=self._min_qty(intent, pair, rate, offer.limit),
            quote=facts.quote,
            doubts=facts.doubts,
            stream_age=facts.stream_age,
            notional_24h=facts.notional_24h,
            usual_notional=facts.usual_notional,
            visible_qty=self._visible_qty(intent.side, offer, pair),
            equity=ZERO if snapshot is None else snapshot.equity,
            coverage=self._coverage,
            unpriced=self._unpriced,
            synced_at=world.universe.at if snapshot is None else snapshot.at,
            cash=cash,
            spendable=self._spendable(pair, cash, rate),
            owned_qty=standing.owned(intent),
            free_qty=Qty(world.free_qty(pair.base, selling_here) + standing.freeable(intent)),
            exposure=standing.exposure(pair, intent.strategy_id, apart),
            activity=standing.activity(intent.strategy_id),
            limits=self._limits(intent.strategy_id, pair.name),
            halts=self._halts_over(pair, intent.strategy_id),
            system_status=world.system_status,
            unknowns=standing.unknowns,
            cooling_until=facts.cooling_until,
            locks=facts.locks,
            allotted=None,
            opposed_at=_lowest_sale(selling_here),
            open_orders_alike=sum(each.side is intent.side for each in own),
        )

    def _spendable(self, pair: Pair, cash: Decimal, rate: Decimal) -> Decimal:
        """Return the free cash that a buy of the pair may come out of, in base currency."""
        base = self._desk.base_currency
        if pair.quote == base:
            return cash
        return self._standing.free_cash(base) + cash * rate

    def _visible_qty(self, side: Side, offer: Offer, pair: Pair) -> Decimal | None:
        depth = self._world.depths.get(pair.name)
        if depth is None:
            return None
        if side is Side.BUY:
            return sum((each.qty for each in depth.asks if each.price <= offer.bound), ZERO)
        return sum((each.qty for each in depth.bids if each.price >= offer.bound), ZERO)

    def _halts_over(self, pair: Pair, strategy_id: str) -> frozenset[str]:
        codes = frozenset(
            [
                each.kind.value
                for each in self._halts
                if each.scope.covers(pair=pair.name, asset=pair.base, strategy=strategy_id)
            ]
        )
        return codes | {PANIC_CODE} if self._desk.panic_is_latched else codes

    def _limits(self, strategy_id: str, pair: str) -> Limits:
        limits = self._desk.limits
        part = self._desk.parts.get(strategy_id, ONE)
        cap = self._desk.strategy_caps.get(strategy_id, limits.max_per_strategy_pct) * part
        qty = self._world.qty_caps.get(pair, limits.max_order_qty)
        if (part, cap, qty) == (ONE, limits.max_per_strategy_pct, limits.max_order_qty):
            return limits
        known = self._limits_by.get((part, cap, qty))
        if known is None:
            known = self._limits_by[part, cap, qty] = replace(
                limits,
                max_per_strategy_pct=cap,
                max_daily_loss_per_strategy_pct=limits.max_daily_loss_per_strategy_pct * part,
                max_order_qty=qty,
            )
        return known


def _qty(case: Case, notional: Decimal) -> Qty:
    return qty_for(notional, price=case.limit_price, quote_rate=case.quote_rate, lot=case.pair.lot)


def _lowest_sale(selling: Iterable[Order]) -> Price | None:
    """Return the lowest price of the sales that are in the book; what waits is in none."""
    return min([each.limit_price for each in selling if each.trigger is None], default=None)


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
