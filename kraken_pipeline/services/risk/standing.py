"""Where the account stands during an assessment: held, bought, reserved and approved so far."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.activity import Activity, results
from kraken_pipeline.domain.exposure import Tally
from kraken_pipeline.domain.intents import Intent, Namespace
from kraken_pipeline.domain.lots import MANUAL, Position, book_of
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Qty
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.protection import is_stop
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.domain.risk import Exposure
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.unknowns import Unknown, unknown_of
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.decisions import Assessment
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.services.risk.world import Claims, World

CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""A fill may carry a time of the exchange's that is a little before ours."""
Unbooked = Sequence[tuple[Order, Decimal]]
"""Orders, and how much they filled in base that the books do not have yet."""


def place_of(of: Order | Intent) -> tuple[str, str]:
    """Name the book and the pair that an order or an intent is of."""
    return book_of(of.strategy_id, of.timeframe), of.pair


def unbooked_fills(orders: OrderStore, books: BookStore, reserving: Sequence[Order]) -> Unbooked:
    """Return the orders that filled more than the books have of them yet, and how much.

    Until the books are kept, such a fill is in no position and in no reservation. Nor is one that
    was booked as somebody else's, before it was known whose order it is (F-MON-9). A sale that a
    person wrote off is among them, whole, until it was looked for again (F-SUB-20).

    Args:
        orders: where those are found that ended.
        books: whose fills count.
        reserving: the orders that may still fill.
    """
    filled = [each for each in reserving if each.filled_qty]
    filled += [order for order, _ in orders.unmatched()]
    unproven = [(each, each.open_qty) for each in orders.unproven_sales()]
    since = min((each.created_at for each in filled), default=None)
    if since is None:
        return unproven
    booked: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for fill in books.fills_after(since - CLOCKS_DIFFER):
        booked[fill.kraken_order_id, fill.book] += fill.qty
    return unproven + [
        (each, missing)
        for each in filled
        if (
            missing := each.filled_qty
            - booked[each.kraken_order_id or "", book_of(each.strategy_id, each.timeframe)]
        )
        > 0
    ]


class Standing:
    """What every case is held against; each approval is added before the next is looked at."""

    def __init__(
        self,
        world: World,
        assessment: Assessment,
        *,
        reserving: Sequence[Order],
        unbooked: Unbooked,
        base_currency: Asset,
        namespace: Namespace,
    ) -> None:
        """Add up what is held, bought and reserved.

        Args:
            world: balances and prices.
            assessment: the books, read in its transaction.
            reserving: orders that may still fill.
            unbooked: fills that are in no position yet.
            base_currency: holding it is no exposure.
            namespace: whose orders count against the rates.
        """
        self._world = world
        self._reserving: defaultdict[str, list[Order]] = defaultdict(list)
        self._unknowns: list[Unknown] = []
        self._claims = Claims(world)
        self._unbooked = unbooked
        self._books = {(each.book, each.pair): each.qty for each in assessment.positions()}
        self._tally = Tally()
        self._lately = assessment.lately(namespace, world.now)
        self._reserved = 0
        """Orders that were approved in this assessment."""
        self._may_trade = self._may_cost = ZERO
        self._activities: dict[str, Activity] = {}
        self._before = world.day_began
        self._results = results(assessment.positions(), self._worth_of)
        self._equity = ZERO if world.snapshot is None else world.snapshot.equity
        self._loss = ZERO if world.snapshot is None else world.snapshot.loss_of_day
        unexplained = {asset: balance.total for asset, balance in world.balances.items()}
        self._count_positions(assessment, unexplained)
        self._count_unbooked(unexplained)
        unexplained.pop(base_currency, None)
        self._count_unexplained(unexplained)
        for order in reserving:
            self._count_order(order)
        for report in world.foreign:
            self._count_foreign(report)

    def reserve(self, order: Order) -> None:
        """Add an order that was approved just now."""
        self._reserved += 1
        self._activities.clear()
        self._count_order(order)

    def reserving(self, pair: str) -> Sequence[Order]:
        """Return the orders of a pair that may still fill, with those that were approved so far."""
        return self._reserving.get(pair, ())

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """Every order of open fate, on whatever pair."""
        return tuple(self._unknowns)

    def free_cash(self, quote: Asset) -> Decimal:
        """Return what no order needs of a quote asset, in that asset."""
        return self._claims.free(quote)

    def exposure(self, pair: Pair, strategy_id: str, apart: Collection[Asset] = ()) -> Exposure:
        """Return the totals that bear on a pair, its base asset and a strategy.

        Args:
            pair: at hand.
            strategy_id: whose order it would be.
            apart: assets that are known not to move with the pair.
        """
        apart = [each for each in apart if each in self._tally.assets]
        return self._tally.exposure(
            pair=pair.name, asset=pair.base, strategy=strategy_id, apart=apart
        )

    @property
    def assets(self) -> frozenset[Asset]:
        """What is held or may be bought."""
        return frozenset(Asset(each) for each in self._tally.assets)

    def activity(self, strategy_id: str) -> Activity:
        """Return what bears on the budgets of the day, with all that is open at its worst."""
        known = self._activities.get(strategy_id)
        if known is None:
            known = self._activities[strategy_id] = self._activity(strategy_id)
        return known

    def _activity(self, strategy_id: str) -> Activity:
        strategy_loss = (
            self._equity
            if self._before is None
            else self._before.get(strategy_id, ZERO) - self._results.get(strategy_id, ZERO)
        )
        return Activity(
            orders_of_minute=self._lately.orders_of_minute + self._reserved,
            orders_of_day=self._lately.orders_of_day + self._reserved,
            turnover=self._lately.traded + self._may_trade,
            fees=self._lately.fees + self._may_cost,
            loss=self._loss,
            strategy_loss=strategy_loss,
        )

    def owned(self, intent: Intent) -> Qty:
        """Return what the intent's book holds of the pair and nothing sells or has sold already.

        A stop does not count: before the strategy's own sale is sent, it gives way (OMS-14).
        """
        place = place_of(intent)
        here = self.reserving(intent.pair)
        selling = [(each, each.open_qty) for each in here if not is_stop(each)]
        gone = self._moved([*selling, *self._unbooked], Side.SELL, place)
        return Qty(self._books.get(place, NOTHING) - gone)

    def arriving(self, intent: Intent) -> Decimal:
        """Return what open buys may still bring to the intent's book, or brought unbooked."""
        place = place_of(intent)
        buying = [(each, each.open_qty) for each in self.reserving(intent.pair)]
        return self._moved([*buying, *self._unbooked], Side.BUY, place)

    def freeable(self, intent: Intent) -> Qty:
        """Return what the stops of the intent's book keep of the pair until its sale is sent."""
        place = place_of(intent)
        here = self.reserving(intent.pair)
        stops = [each for each in here if is_stop(each) and place_of(each) == place]
        return Qty(sum([each.open_qty for each in stops], ZERO))

    @staticmethod
    def _moved(orders: Unbooked, side: Side, place: tuple[str, str]) -> Decimal:
        return sum(
            [qty for each, qty in orders if each.side is side and place_of(each) == place], ZERO
        )

    def _worth_of(self, position: Position) -> Decimal:
        pair = self._world.pairs.get(position.pair)
        return ZERO if pair is None else self._world.worth(pair.base, position.qty)

    def _count_positions(self, assessment: Assessment, unexplained: dict[Asset, Decimal]) -> None:
        stops = assessment.stop_distances()
        for position in assessment.positions():
            pair = self._world.pairs.get(position.pair)
            if pair is None or not position.qty:
                continue
            unexplained[pair.base] = unexplained.get(pair.base, ZERO) - position.qty
            self._tally.add(
                pair=pair.name,
                asset=pair.base,
                strategy=position.book.partition("@")[0],
                worth=self._world.worth(pair.base, position.qty),
                stop_distance=stops.get((position.book, pair.name), Decimal(1)),
            )

    def _count_unbooked(self, unexplained: dict[Asset, Decimal]) -> None:
        for order, qty in self._unbooked:
            self._count_traded(order, qty)
            pair = self._world.pairs.get(order.pair)
            if pair is not None and order.side is Side.BUY:
                unexplained[pair.base] = unexplained.get(pair.base, ZERO) - qty
                self._count_bought(order, pair, qty)

    def _count_unexplained(self, unexplained: dict[Asset, Decimal]) -> None:
        for asset, qty in unexplained.items():
            if qty > 0:
                worth = self._world.worth(asset, qty)
                self._tally.add(
                    pair="", asset=asset, strategy=MANUAL, worth=worth, stop_distance=ZERO
                )

    def _count_order(self, order: Order) -> None:
        self._reserving[order.pair].append(order)
        self._claims.add(order)
        unknown = unknown_of(order, now=self._world.now)
        if unknown is not None:
            self._unknowns.append(unknown)
        self._count_traded(order, order.open_qty)
        pair = self._world.pairs.get(order.pair)
        if order.side is Side.BUY and pair is not None:
            self._count_bought(order, pair, order.open_qty)

    def _count_traded(self, order: Order, qty: Decimal) -> None:
        """Count a part of an order into what the day trades, and what that costs."""
        notional = qty * order.limit_price * order.quote_rate
        self._may_trade += notional
        self._may_cost += notional * self._world.fee_share(order.pair)

    def _count_foreign(self, report: OrderReport) -> None:
        """Count what a buy of somebody else's may still add, at the worst price that is known."""
        pair = self._world.pairs.get(report.pair)
        if report.side is not Side.BUY or pair is None:
            return
        ticker = self._world.tickers.get(report.pair)
        asked = ZERO if ticker is None else ticker.ask
        price = report.limit_price or max(report.trigger_price or ZERO, asked)
        fee_share = self._world.fee_share(report.pair)
        self._tally.add(
            pair=report.pair,
            asset=pair.base,
            strategy=MANUAL,
            worth=self._world.worth(pair.quote, (report.qty - report.filled_qty) * price)
            * (1 + fee_share),
            stop_distance=ZERO,
        )

    def _count_bought(self, order: Order, pair: Pair, qty: Decimal) -> None:
        """Count a part of a buy at the worst price that it can have, with its fee."""
        notional = qty * order.limit_price * order.quote_rate
        self._tally.add(
            pair=order.pair,
            asset=pair.base,
            strategy=order.strategy_id,
            worth=notional * (1 + self._world.fee_share(order.pair)),
            stop_distance=order.stop_distance,
        )
