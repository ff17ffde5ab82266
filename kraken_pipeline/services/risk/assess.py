"""Intents to cases to verdicts; what is approved is reserved in the same transaction."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.accounting.valuation import valuations
from kraken_pipeline.domain.allocation import NO_LIMIT, Allocation
from kraken_pipeline.domain.conflicts import conflicts
from kraken_pipeline.domain.errors import InvalidValueError, StorageError
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.ids import cl_ord_id, local_order_id, plan_id
from kraken_pipeline.domain.intents import Intent, Namespace
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.order_checks import Filing, faults_of
from kraken_pipeline.domain.order_style import manner_of
from kraken_pipeline.domain.order_terms import Close, Purpose, Urgency
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import Plan, PlanResult, Verdict
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.protection import StopStyle, close_for
from kraken_pipeline.domain.quotes import QuoteBoard
from kraken_pipeline.domain.reports import Balance, OrderReport
from kraken_pipeline.domain.risk import Approved, Case, review
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.domain.values import changed
from kraken_pipeline.services.ports.books import BookStore, Positions
from kraken_pipeline.services.ports.decisions import Assessment, DecisionStore
from kraken_pipeline.services.ports.exchange import Account, Clock, Market
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.services.ports.universe import UniverseStore
from kraken_pipeline.services.risk.cases import CaseDesk, CaseMaker, style_of
from kraken_pipeline.services.risk.day_results import day_began
from kraken_pipeline.services.risk.quotes import quoted
from kraken_pipeline.services.risk.standing import Standing, unbooked_fills
from kraken_pipeline.services.risk.strangers import strangers_among
from kraken_pipeline.services.risk.verdicts import unheard, verdict_of
from kraken_pipeline.services.risk.world import World, by_our_name, chosen_pairs, funds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchDesk(CaseDesk):
    """What answering intents needs of the configuration: nothing that asks or writes."""

    kraken_stops: StopStyle | None
    """How the stops are that Kraken places for each fill of a buy; None where it places none."""
    config_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDesk(BenchDesk):
    """What assessing needs."""

    market: Market
    account: Account
    decisions: DecisionStore
    orders: OrderStore
    books: BookStore
    universes: UniverseStore
    qty_caps: Mapping[str, Decimal]
    """The largest order of a pair, in any spelling, in base units, where it has one."""
    valuation_pairs: Mapping[str, str]
    """An asset to the pair that a person wants it valued by, in any spelling."""
    clock: Clock
    habits: Callable[[Collection[str], datetime], Mapping[str, Habit]]
    """Gives what is usual of pairs, by our names, at an instant."""
    allocate: Callable[[World], Allocation]
    """Gives what is left to each strategy of what it wants to buy."""
    stream: Callable[[], QuoteBoard | None]
    """Gives what the stream knows; None where none was started, and REST alone is counted on."""


def assess(desk: RiskDesk, *, namespace: Namespace, run_id: str) -> Plan | None:
    """Answer every pending intent, and reserve what is approved.

    Reductions come first, then buys by confidence. Each approval is added to the exposure before
    the next intent is looked at, and all of it is one transaction, so that two assessments can
    not both use the same room (RSK-2).

    Returns:
        The plan, or None where nothing was pending.

    Raises:
        ExchangeError: the exchange did not answer; every intent stays pending.
    """
    waiting = desk.decisions.pending(namespace)
    if not waiting:
        return None
    looked_at = {each.pair for each in waiting}
    # what is open costs fees too, on whatever pair
    names = looked_at | {each.pair for each in desk.orders.reserving()}
    urgent = {each.pair for each in waiting if _is_urgent(desk, each)}
    world = look(desk, names, urgent=urgent)
    with desk.orders.assessing() as assessment:
        # what was decided meanwhile on another pair waits for a look of its own
        pending = [each for each in assessment.pending(namespace) if each.pair in looked_at]
        if not pending:
            return None
        reserving = reserving_for(assessment, namespace)
        unbooked = unbooked_fills(desk.orders, desk.books, reserving)
        standing = Standing(
            world,
            assessment,
            reserving=reserving,
            unbooked=unbooked,
            base_currency=desk.base_currency,
            namespace=namespace,
        )
        bench = Bench(desk, world, assessment, standing, namespace)
        plan, orders = bench.plan(pending, run_id)
        assessment.keep(plan, orders)
    desk.orders.note_result(
        PlanResult(
            plan_id=plan.plan_id,
            started_at=world.now,
            completed_at=None,
            status="assessed",
            summary=f"{len(plan.verdicts)} intents, {len(orders)} approved",
        )
    )
    return plan


def _is_urgent(desk: RiskDesk, intent: Intent) -> bool:
    """Tell whether the depth of the book says what an intent is ordered at (OMS-5)."""
    try:
        manner = manner_of(style_of(desk, intent.strategy_id), intent.terms)
    except InvalidValueError:
        # it is denied for that
        return False
    return manner.urgency is Urgency.URGENT


def look(desk: RiskDesk, names: Collection[str], *, urgent: Collection[str] = ()) -> World:
    """Read what the verdicts will stand on.

    Args:
        desk: whom to ask.
        names: pairs whose fees count.
        urgent: pairs whose depth counts as well.

    Raises:
        InvalidValueError: there is no universe yet.
        ExchangeError: the exchange did not answer.
    """
    universe = desk.universes.latest()
    if universe is None:
        raise InvalidValueError("there is no universe yet; refresh pair_universe first")
    listing = desk.market.listing()
    told = quoted(desk.market.tickers(), desk.stream(), now=desk.clock())
    chosen = chosen_pairs(desk.valuation_pairs, listing.symbols)
    prices = PriceTable(desk.base_currency, listing.pairs, told.tickers, chosen)
    funds = funds_of(desk.account, listing, names=names)
    snapshot, now = known_snapshot(desk.books), desk.clock()
    held = {asset: each.total for asset, each in funds.balances.items()}
    deep = [listing.pairs[name] for name in sorted(urgent) if name in listing.pairs]
    world = World(
        now=now,
        universe=universe,
        pairs=listing.pairs,
        tickers=told.tickers,
        quoted=told,
        depths={each.name: desk.market.depth(each) for each in deep},
        prices=prices,
        valuations={
            each.asset: each for each in valuations(held, prices, before=snapshot, now=now)
        },
        balances=funds.balances,
        fees=funds.fees,
        system_status=desk.market.system_status(),
        snapshot=snapshot,
        qty_caps=by_our_name(desk.qty_caps, listing.symbols),
        habits=desk.habits({*names, *_held(universe, held)}, now),
        day_began=day_began(desk.books, listing.pairs, now),
        allocation=NO_LIMIT,
        foreign=_foreign(desk, funds.balances),
    )
    return replace(world, allocation=desk.allocate(world))


def known_snapshot(books: Positions) -> Snapshot | None:
    """Return the newest snapshot; None where there is none that can be read.

    Then nothing opens, and what reduces goes by its qty (RSK-6).
    """
    with suppress(StorageError):
        return books.latest_snapshot()
    return None


def _held(universe: Universe, held: Mapping[Asset, Decimal]) -> Iterator[str]:
    """Name the pairs in which something that is held can be sold."""
    return (each.name for each in universe.managed if held.get(each.base))


def _foreign(desk: RiskDesk, balances: Mapping[Asset, Balance]) -> tuple[OrderReport, ...]:
    """Return the account's open orders that are not ours; where nothing is held there is none."""
    if not any(each.held for each in balances.values()):
        return ()
    return tuple(strangers_among(desk.orders, desk.account.open_orders()))


def reserving_for(assessment: Assessment, namespace: Namespace) -> list[Order]:
    """Return the orders that count beside those of a namespace: its own, and what is traded."""
    return [
        each
        for each in assessment.reserving_orders()
        if each.namespace in {namespace, Namespace.TRADE}
    ]


class Bench:
    """One assessment: what is held, reserved and approved so far. It asks nobody, writes nothing.

    A backtest answers its intents here too (BT-1).
    """

    def __init__(
        self,
        desk: BenchDesk,
        world: World,
        assessment: Assessment,
        standing: Standing,
        namespace: Namespace,
    ) -> None:
        """Take what a case is measured by, and what is known at this instant."""
        self._desk = desk
        self._world = world
        self._namespace = namespace
        self._standing = standing
        self._maker = CaseMaker(desk, world, standing, assessment)

    def plan(self, pending: Sequence[Intent], run_id: str) -> tuple[Plan, list[Order]]:
        """Answer every intent."""
        identity = plan_id([each.intent_id for each in pending], self._world.now)
        plan = Plan(
            plan_id=identity,
            namespace=self._namespace,
            assessed_at=self._world.now,
            config_hash=self._desk.config_hash,
            run_id=run_id,
            verdicts=(),
            allocation=self._world.allocation.taken({each.strategy_id for each in pending}),
        )
        verdicts, orders = [], []
        turns = sorted(pending, key=self._rank)
        for intent in turns:
            verdict, order = self._answer(intent, plan)
            verdicts.append(verdict)
            if order is not None:
                orders.append(order)
                self._standing.reserve(order)
        return changed(plan, verdicts=tuple(verdicts), conflicts=conflicts(turns)), orders

    def _rank(self, intent: Intent) -> tuple[bool, Decimal, int, Decimal, str, str, str]:
        """Reductions first, then the surest, the longer timeframe, the more liquid pair.

        How sure a buy is counts as much as its strategy's share of the allocation. At last the
        names decide, so that no two intents are ever in another order.
        """
        opens = intent.side is Side.BUY
        # what was bought by hand is sold on no timeframe
        frame = TIMEFRAMES.get(intent.timeframe)
        minutes = 0 if frame is None else frame.minutes
        notional = self._world.universe.notional_24h.get(intent.pair, ZERO)
        score = intent.confidence * self._world.allocation.of(intent.strategy_id).factor
        names = intent.pair, intent.strategy_id, intent.intent_id
        return opens, -(score if opens else intent.confidence), -minutes, -notional, *names

    def _answer(self, intent: Intent, plan: Plan) -> tuple[Verdict, Order | None]:
        pair = self._world.pairs.get(intent.pair)
        if pair is None or intent.pair not in self._world.fees:
            return unheard(intent, Objection("BAD_INTENT", f"pair={intent.pair} not listed")), None
        try:
            manner = self._maker.manner(intent)
        except InvalidValueError as error:
            return unheard(intent, Objection("BAD_INTENT", str(error))), None
        try:
            offer = self._maker.offer(intent, pair, manner)
        except InvalidValueError as error:
            return unheard(intent, Objection("TICK", str(error))), None
        try:
            case, clamped_by, bound_by = self._maker.case(intent, pair, offer)
        except InvalidValueError as error:
            return unheard(intent, Objection("BAD_INTENT", str(error))), None
        answer = review(case, clamped_by=clamped_by, bound_by=bound_by)
        if not isinstance(answer, Approved):
            return verdict_of(case, answer.objections, clamped_by, answer.measures), None
        order = self._order(answer, plan)
        unfit = faults_of(self._filing(order, pair))
        return verdict_of(case, unfit, clamped_by, answer.measures), None if unfit else order

    def _filing(self, order: Order, pair: Pair) -> Filing:
        world = self._world
        ticker = world.tickers.get(pair.name)
        return Filing(order=order, pair=pair, ticker=ticker, system_status=world.system_status)

    def _close(self, case: Case) -> Close | None:
        """Return the stop that Kraken shall place for each fill of a buy, where it shall."""
        style = self._desk.kraken_stops
        if style is None or not case.opens:
            return None
        return close_for(
            case.limit_price,
            stop_distance=case.intent.stop_distance,
            style=style,
            tick=case.pair.tick,
        )

    def _order(self, approved: Approved, plan: Plan) -> Order:
        case = approved.case
        intent, manner = case.intent, case.manner
        return Order(
            local_id=local_order_id(intent.intent_id, attempt=1),
            namespace=plan.namespace,
            plan_id=plan.plan_id,
            intent_id=intent.intent_id,
            cl_ord_id=cl_ord_id(intent.intent_id, attempt=1),
            purpose=_purpose_of(intent),
            strategy_id=intent.strategy_id,
            timeframe=intent.timeframe,
            pair=intent.pair,
            base=case.pair.base,
            side=intent.side,
            order_type=manner.order_type,
            time_in_force=manner.time_in_force,
            qty=case.qty,
            limit_price=case.limit_price,
            post_only=manner.post_only,
            trigger=manner.trigger,
            close=manner.close or self._close(case),
            quote_rate=case.quote_rate,
            stop_distance=intent.stop_distance,
            expires_at=intent.expires_at,
            userref=intent.userref,
            created_at=self._world.now,
            updated_at=self._world.now,
        )


def _purpose_of(intent: Intent) -> Purpose:
    if intent.side is Side.BUY:
        return Purpose.OPEN
    return Purpose.FLATTEN if intent.terms and intent.terms.flattens else Purpose.CLOSE
