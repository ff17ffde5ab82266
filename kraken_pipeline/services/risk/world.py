"""What the exchange and the books say just before an assessment, read once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from kraken_pipeline.domain.allocation import Allocation
from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.market import Pair, Side, Ticker
from kraken_pipeline.domain.market_reports import Depth
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.nav import Quality, Snapshot, Valuation, coverage, unpriced
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, FATE_OPEN, Order
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance, Listing, OrderReport
from kraken_pipeline.domain.symbols import Asset, SymbolTable, is_locked
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.ports.exchange import Holding
from kraken_pipeline.services.risk.quotes import Quoted

NO_BALANCE: Final = Balance(total=ZERO, held=ZERO)


class Claim(NamedTuple):
    """What an order needs of its quote asset, in that asset."""

    needed: Decimal
    """That the exchange does not hold for it."""
    held: Decimal
    """That the exchange holds for it already."""


NO_CLAIM: Final = Claim(ZERO, ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """What the account has, and what using it costs."""

    pairs: Mapping[str, Pair]
    balances: Mapping[Asset, Balance]
    fees: Mapping[str, FeeRates]

    def fee_share(self, pair: str) -> Decimal:
        """Return the higher fee rate of a pair, as a share of cost; the highest where unknown."""
        if pair in self.fees:
            return self.fees[pair].worst_share
        return self._highest_share

    @property
    def _highest_share(self) -> Decimal:
        return max((each.worst_share for each in self.fees.values()), default=ZERO)

    def free_cash(self, quote: Asset, reserving: Iterable[Order]) -> Decimal:
        """Return what no order needs of a quote asset, in that asset."""
        claims = Claims(self)
        for order in reserving:
            claims.add(order)
        return claims.free(quote)

    def claim(self, order: Order) -> Claim:
        """Return what a buy needs.

        It counts in full until the exchange holds for it, and then with its fee, which is not
        shown as held.
        """
        cost = order.open_qty * order.limit_price
        fee_share = self.fee_share(order.pair)
        if _is_held_for(order):
            return Claim(cost * fee_share, cost)
        return Claim(cost * (1 + fee_share), ZERO)

    def left(self, quote: Asset, claimed: Claim) -> Decimal:
        """Return what is left of a quote asset once our orders have what they need of it.

        The fee of what is held for orders that are not ours is not shown as held either.
        """
        balance = self.balances.get(quote, NO_BALANCE)
        others = max(balance.held - claimed.held, ZERO)
        fees_of_others = others * self._highest_share if others else ZERO
        return balance.total - balance.held - fees_of_others - claimed.needed

    def free_qty(self, base: Asset, selling: Sequence[Order]) -> Qty:
        """Return what no order is selling of a base asset, in that asset."""
        balance = self.balances.get(base, NO_BALANCE)
        not_held_yet = sum([each.open_qty for each in selling if not _is_held_for(each)], ZERO)
        return Qty(balance.total - balance.held - not_held_yet)


class Claims:
    """What orders need of every quote asset, added up order by order."""

    def __init__(self, funds: Funds) -> None:
        """Take what there is to claim; nothing is claimed yet."""
        self._funds = funds
        self._claimed: dict[Asset, Claim] = {}
        self._left: dict[Asset, Decimal] = {}

    def add(self, order: Order) -> None:
        """Add what an order needs; a sale needs nothing of a quote asset."""
        pair = self._funds.pairs.get(order.pair)
        if order.side is not Side.BUY or pair is None:
            return
        before, now = self._claimed.get(pair.quote, NO_CLAIM), self._funds.claim(order)
        self._claimed[pair.quote] = Claim(before.needed + now.needed, before.held + now.held)
        self._left.pop(pair.quote, None)

    def free(self, quote: Asset) -> Decimal:
        """Return what no order needs of a quote asset, in that asset."""
        known = self._left.get(quote)
        if known is None:
            known = self._funds.left(quote, self._claimed.get(quote, NO_CLAIM))
            self._left[quote] = known
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class World(Funds):
    """What the exchange and the books said just before the assessment."""

    now: datetime
    universe: Universe
    tickers: Mapping[str, Ticker]
    """Those of `quoted`."""
    quoted: Quoted
    depths: Mapping[str, Depth]
    """Of the pairs that something urgent is wanted of."""
    prices: PriceTable
    valuations: Mapping[Asset, Valuation]
    """What is held, at prices that can be believed."""
    system_status: str
    snapshot: Snapshot | None
    qty_caps: Mapping[str, Decimal]
    """The largest order of a pair by our name, in base units, where it has one."""
    habits: Mapping[str, Habit]
    """What is usual of a pair, by our name; one of which no days are stored is left out."""
    day_began: Mapping[str, Decimal] | None
    """What each strategy had gained when the UTC day began; None where that can't be read."""
    allocation: Allocation
    """What is left to each strategy of what it wants to buy."""
    foreign: tuple[OrderReport, ...]
    """Open orders of the account that are not ours: they fill without asking us (OMS-13)."""

    @property
    def coverage(self) -> Decimal:
        """Share of what all is worth that had a fresh price as the books were kept and has now."""
        known = ZERO if self.snapshot is None else self.snapshot.coverage
        return min(known, coverage(self.valuations.values()))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Held assets that had no fresh price as the books were kept, or have none now."""
        known = ("no snapshot",) if self.snapshot is None else self.snapshot.unpriced
        now = (each.asset for each in unpriced(self.valuations.values()))
        return tuple(dict.fromkeys((*known, *now)))

    def rate(self, asset: Asset) -> Decimal | None:
        """Return base currency per unit, or None where no price of now can be believed."""
        held = self.valuations.get(asset)
        if held is None:
            return self.prices.rate(asset)
        return held.price if held.quality is Quality.FRESH else None

    def worth(self, asset: Asset, qty: Decimal) -> Decimal:
        """Return what is held of an asset in base currency, at its last good price at worst.

        What never had a price counts for nothing here; nothing opens as long as it is held.
        """
        held = self.valuations.get(asset)
        price = self.prices.rate(asset) if held is None else held.price
        return qty * (price or ZERO)


def funds_of(account: Holding, listing: Listing, *, names: Iterable[str]) -> Funds:
    """Read what the account has, and what it pays on some pairs.

    What is staked or bonded counts as held: it is owned and not for sale (U-FUN-7).

    Args:
        account: that is asked.
        listing: names the assets and the pairs.
        names: ours of the pairs; one that is not listed costs nothing.

    Raises:
        ExchangeError: the exchange did not answer.
    """
    balances: dict[Asset, Balance] = {}
    for bucket, balance in account.balances().items():
        asset = economic_asset(listing.symbols, bucket)
        known = balances.get(asset, Balance(total=ZERO, held=ZERO))
        held = balance.total if is_locked(bucket) else balance.held
        balances[asset] = Balance(total=known.total + balance.total, held=known.held + held)
    wanted = [listing.pairs[name] for name in sorted(set(names)) if name in listing.pairs]
    return Funds(
        pairs=listing.pairs,
        balances=balances,
        fees=account.fee_rates(wanted) if wanted else {},
    )


def economic_asset(symbols: SymbolTable, bucket: str) -> Asset:
    """Return the asset of a bucket; one that the exchange does not list stands for itself.

    It has no price then, and shows as such: what is held is never left out.
    """
    return listed_asset(symbols, bucket) or Asset(bucket)


def listed_asset(symbols: SymbolTable, bucket: str) -> Asset | None:
    """Return the asset of a bucket; None where the exchange lists none by that name."""
    try:
        return symbols.asset(bucket)
    except UnknownNameError:
        return None


def chosen_pairs(wanted: Mapping[str, str], symbols: SymbolTable) -> dict[Asset, str]:
    """Return the asset of each name to our name of the pair that is to value it.

    What the exchange does not list stays as it was written: it prices nothing, and the asset shows
    as without a price, rather than being valued in a way that a person called wrong.
    """
    found = {}
    for asset, pair in wanted.items():
        try:
            name = symbols.pair(pair).pair
        except UnknownNameError:
            name = pair
        found[economic_asset(symbols, asset)] = name
    return found


def by_our_name(caps: Mapping[str, Decimal], symbols: SymbolTable) -> dict[str, Decimal]:
    """Return caps of pairs by our names of them; what is not listed stays as it was written."""
    found = {}
    for pair, most in caps.items():
        try:
            name = symbols.pair(pair).pair
        except UnknownNameError:
            name = pair
        found[name] = most
    return found


def _is_held_for(order: Order) -> bool:
    return order.state in AT_THE_EXCHANGE and order.state not in FATE_OPEN
