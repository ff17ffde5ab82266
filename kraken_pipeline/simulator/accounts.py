"""One account as what happened to it leaves it: balances, orders, trades, ledger; pure.

`Account.apply` is the only way to change it, so the events played again give the same account.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Final

from kraken_pipeline.simulator.bookings import Booked, Booking, Funding
from kraken_pipeline.simulator.buckets import is_vault
from kraken_pipeline.simulator.engine import NOTHING, Resting, Side
from kraken_pipeline.simulator.entries import Entry, paid, rest_id, spendable
from kraken_pipeline.simulator.events import (
    Deposited,
    Event,
    OrderAmended,
    OrderEnded,
    OrderEvent,
    OrderFilled,
    OrderOpened,
    OrderStarted,
    OrderTriggered,
    PairStatusSet,
    SystemSet,
    TimerSet,
    TriggerMoved,
)
from kraken_pipeline.simulator.fees import fee_in_quote
from kraken_pipeline.simulator.listing import Asset, Listing, Pair
from kraken_pipeline.simulator.orders import Order

OWNER: Final = "account"
VOLUME_SPAN: Final = timedelta(days=30)
"""Over which time traded volume counts for the fee tier."""


class Account:
    """An account of the exchange."""

    def __init__(self, listing: Listing) -> None:
        self.listing: Final = listing
        self.balances: dict[str, Decimal] = {}
        self.orders: dict[str, Order] = {}
        self.open: dict[str, Order] = {}
        self.trades: dict[str, OrderFilled] = {}
        self.amends: dict[str, list[OrderAmended]] = {}
        self.before_amends: dict[str, Order] = {}
        """Amended orders as they stood before their first amend."""
        self.system = "online"
        """What the whole exchange does: online, maintenance, cancel_only or post_only."""
        self.pair_status: dict[str, str] = {}
        """Statuses of pairs by key that are not those that they are listed with."""
        self.ledger: dict[str, Entry] = {}
        self.vaults: dict[str, Decimal] = {}
        """What lies in the vaults of Earn, by bucket; no balance tells of it."""
        self.vault_rows: list[Entry] = []
        """What came into them and went out, of which the ledger does not tell."""
        self._by_time: tuple[dict[str, Entry], list[Entry]] = ({}, [])
        self.announced: list[tuple[datetime, Booking]] = []
        """Rows of the exported ledger that have no id and moved nothing."""
        self.funding: Final = Funding()
        self.timer: datetime | None = None
        self.events = 0
        """How many events it has seen."""
        self.latest: datetime | None = None
        """When the last of them was."""

    def apply(self, event: Event) -> None:
        """Change the account by what happened."""
        self.events += 1
        self.latest = event.at
        match event:
            case Deposited():
                self._deposit(event)
            case TimerSet():
                self.timer = event.trigger
            case SystemSet():
                self.system = event.status
            case PairStatusSet():
                self._set_status(event)
            case Booked():
                self._book(event)
            case _ if isinstance(event, OrderEvent):
                self._apply_to_order(event)
            case _:
                self.funding.apply(event)

    def _apply_to_order(self, event: OrderEvent) -> None:
        match event:
            case OrderOpened():
                self.orders[event.order.id] = self.open[event.order.id] = event.order
            case OrderStarted():
                self._replace(replace(self.orders[event.order_id], status="open"))
            case OrderTriggered():
                self._replace(_fired(self.orders[event.order_id], event))
            case TriggerMoved():
                self._replace(_moved(self.orders[event.order_id], event))
            case OrderFilled():
                self._fill(event)
            case OrderAmended():
                self._amend(event)
            case OrderEnded():
                self._end(event)

    def entries(self) -> list[Entry]:
        """Return the ledger, the latest first; sorted anew only once it is another."""
        table, found = self._by_time
        if table is not self.ledger or len(found) != len(table):
            found = sorted(self.ledger.values(), key=lambda entry: entry.at, reverse=True)
            self._by_time = self.ledger, found
        return found

    def pair_of(self, order: Order) -> Pair:
        """Return the pair of an order."""
        pair = self.listing.pair(order.pair)
        if pair is None:
            raise ValueError(f"order {order.id} is for {order.pair}, which is not listed here")
        return pair

    def resting(self) -> dict[str, list[Resting]]:
        """Return the open orders as the books have them by pair key, oldest first."""
        found: dict[str, list[Resting]] = {}
        for rank, order in enumerate(self.open.values()):
            if order.rests and order.price is not None:
                rests = Resting(
                    id=order.id,
                    owner=OWNER,
                    side=order.side,
                    price=order.price,
                    qty=order.left,
                    rank=rank,
                    shown=order.shown if order.display else None,
                )
                found.setdefault(order.pair, []).append(rests)
        return found

    def holds(self) -> dict[str, Decimal]:
        """Return what open orders hold by asset id, as BalanceEx shows it: without fees.

        Source: kraken/rest.md §5, a recorded hold that is the sum of price by volume.
        """
        held: dict[str, Decimal] = {}
        for order in self.open.values():
            asset, amount = held_by(order, self.pair_of(order))
            held[asset.id] = held.get(asset.id, NOTHING) + amount
        return held

    def free(
        self,
        asset: Asset,
        taker_rate: Callable[[Pair], Decimal],
        *,
        without: Collection[str | None] = (),
    ) -> Decimal:
        """Return what a new order may spend of an asset, also where that earns by itself.

        Open orders keep their hold and the highest fee they may cost, so that no fill can ever
        overdraw the account.

        Args:
            asset: what is spent.
            taker_rate: the taker fee of a pair as a share of the cost, 0 to 1: pegged pairs pay
                less than others.
            without: the ids of orders that are about to change and keep nothing.
        """
        kept = NOTHING
        for order in self.open.values():
            if order.id in without:
                continue
            pair = self.pair_of(order)
            kept += reserved(order, pair, taker_rate(pair)).get(asset.id, NOTHING)
        return spendable(self.balances, asset) - kept

    def entries_of(self, fill: OrderFilled) -> list[str]:
        """Return the ids of a trade's ledger entries, base before quote."""
        sides = (fill.base_ledger_id, fill.quote_ledger_id)
        return [each for side in sides for each in (side, rest_id(side)) if each in self.ledger]

    def volume_usd(self, now: datetime) -> Decimal:
        """Return what was traded in the last 30 days, USD."""
        total = NOTHING
        for trade in reversed(self.trades.values()):
            if trade.at <= now - VOLUME_SPAN:
                break
            total += trade.usd
        return total

    def _deposit(self, event: Deposited) -> None:
        self._write(
            Entry(
                id=event.ledger_id,
                at=event.at,
                refid=event.refid,
                type="deposit",
                subtype="",
                asset=event.asset,
                amount=event.amount,
                fee=NOTHING,
                balance=NOTHING,
            )
        )

    def _book(self, event: Booked) -> None:
        for row in event.rows:
            if not row.id:
                self.announced.append((event.at, row))
                continue
            self._write(
                Entry(
                    id=row.id,
                    at=event.at,
                    refid=row.refid,
                    type=row.type,
                    subtype=row.subtype,
                    asset=row.asset,
                    amount=row.amount,
                    fee=row.fee,
                    balance=NOTHING,
                    aclass=row.aclass,
                )
            )

    def _fill(self, fill: OrderFilled) -> None:
        order = self.orders[fill.order_id]
        pair = self.pair_of(order)
        sign = 1 if order.side is Side.BUY else -1
        base_fee, quote_fee = (fill.fee, NOTHING) if order.fee_in_base else (NOTHING, fill.fee)
        self.trades[fill.trade_id] = fill
        base = _entry(fill, pair.base, fill.base_ledger_id, sign * fill.qty, base_fee)
        quote = _entry(fill, pair.quote, fill.quote_ledger_id, -sign * fill.cost, quote_fee)
        for side, asset in ((base, pair.base), (quote, pair.quote)):
            for entry in paid(side, asset, self.balances):
                self._write(entry)
        self._replace(
            replace(
                order,
                executed=order.executed + fill.qty,
                cost=order.cost + fill.cost,
                fee=order.fee + fee_in_quote(fill, self.pair_of(order), in_base=order.fee_in_base),
                trades=(*order.trades, fill.trade_id),
            )
        )

    def _amend(self, event: OrderAmended) -> None:
        order = self.orders[event.order_id]
        self.amends.setdefault(order.id, []).append(event)
        self.before_amends.setdefault(order.id, order)
        flags = (
            (*order.oflags, "post") if event.post and "post" not in order.oflags else order.oflags
        )
        self._replace(
            replace(
                order,
                volume=event.volume,
                price=event.price,
                oflags=flags,
                display=event.display or order.display,
                trigger=event.trigger or order.trigger,
                amended=True,
            )
        )

    def _set_status(self, event: PairStatusSet) -> None:
        if event.status is None:
            self.pair_status.pop(event.pair, None)
        else:
            self.pair_status[event.pair] = event.status

    def _end(self, event: OrderEnded) -> None:
        order = self.open.pop(event.order_id)
        self.orders[order.id] = replace(
            order, status=event.status, ended=event.at, reason=event.reason
        )

    def _replace(self, order: Order) -> None:
        self.orders[order.id] = order
        if order.id in self.open:
            self.open[order.id] = order

    def has(self, bucket: str) -> Decimal:
        """Return what lies in a bucket, whether balances tell of it or not."""
        return (self.vaults if is_vault(bucket) else self.balances).get(bucket, NOTHING)

    def _write(self, entry: Entry) -> None:
        if is_vault(entry.asset):
            balance = self.has(entry.asset) + entry.amount - entry.fee
            self.vaults[entry.asset] = balance
            self.vault_rows.append(replace(entry, balance=balance))
            return
        balance = self.balances.get(entry.asset, NOTHING) + entry.amount - entry.fee
        self.balances[entry.asset] = balance
        self.ledger[entry.id] = replace(entry, balance=balance)


def in_ledger(amount: Decimal, asset: Asset) -> Decimal:
    """Return an amount as the ledger counts it: cut to the asset's decimals."""
    return amount.quantize(Decimal(1).scaleb(-asset.decimals), rounding=ROUND_DOWN)


def _entry(fill: OrderFilled, asset: Asset, ledger_id: str, amount: Decimal, fee: Decimal) -> Entry:
    return Entry(
        id=ledger_id,
        at=fill.at,
        refid=fill.trade_id,
        type="trade",
        subtype="tradespot",
        asset=asset.id,
        amount=in_ledger(amount, asset),
        fee=in_ledger(fee, asset),
        balance=NOTHING,
    )


def _fired(order: Order, event: OrderTriggered) -> Order:
    if order.trigger is None:
        raise ValueError(f"order {order.id} has no trigger that could fire")
    trigger = replace(order.trigger, fired_at=event.at, last=event.last)
    return replace(order, trigger=trigger, price=event.price)


def _moved(order: Order, event: TriggerMoved) -> Order:
    if order.trigger is None:
        raise ValueError(f"order {order.id} has no trigger that could move")
    return replace(order, trigger=replace(order.trigger, peak=event.peak, price=event.stop))


def held_by(order: Order, pair: Pair) -> tuple[Asset, Decimal]:
    """Return the asset that an open order holds, and how much of it."""
    if order.side is Side.SELL:
        return pair.base, order.left
    return pair.quote, order.left * order.price_held


def reserved(order: Order, pair: Pair, taker_rate: Decimal) -> dict[str, Decimal]:
    """Return the most that what is left of an order can still cost, by asset id.

    Args:
        order: an open or a new order.
        pair: its pair.
        taker_rate: the taker fee as a share of the cost, 0 to 1.
    """
    asset, amount = held_by(order, pair)
    pays_in_held = (order.side is Side.SELL) is order.fee_in_base
    step = Decimal(1).scaleb(-asset.decimals)
    most = (amount * (1 + taker_rate) if pays_in_held else amount).quantize(step, rounding=ROUND_UP)
    return {asset.id: most}
