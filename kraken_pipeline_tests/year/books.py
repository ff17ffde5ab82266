"""An account that lives for some days, its books kept daily by the real services and judged."""

import random
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from functools import partial
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.accounting.fold import AssetBook, folded
from kraken_pipeline.domain.accounting.identity import Result, result
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.books.accounts import book_moves
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.risk.world import economic_asset
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.market import last_price
from kraken_pipeline.simulator.rest import serving
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.synthetic import SyntheticMarket
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline_tests.services.paper import KEY, Paper, paper
from kraken_pipeline_tests.year import by_type
from kraken_pipeline_tests.year.acts import PAIRS, Actor

BEGIN: Final = datetime(2025, 1, 1, 0, 0, 30, tzinfo=UTC)
USD: Final = Asset("USD")
NEAR: Final = Decimal("1e-20")
"""A share by which a unit price may differ across a flow: units have 28 digits."""
START_FUNDS: Final[Mapping[str, str]] = {"EUR": "4000", "USDT": "4000", "XBT": "0.1", "ETH": "1"}


@dataclass(kw_only=True)
class Year:
    """A life, its books, and whatever was wrong with them."""

    desk: Paper
    actor: Actor
    acts_a_day: int
    base_currency: Asset = USD
    """In which everything is valued."""
    wrong: list[str] = field(default_factory=list)
    residual: Decimal = ZERO
    """The largest that nothing explained."""
    days: int = 0
    flows_tried: int = 0

    def live(self, days: int) -> None:
        """Live for some days, and keep the books at the end of each."""
        for _ in range(days):
            self.days += 1
            midnight = BEGIN + timedelta(days=self.days)
            shares = sorted(self.actor.dice.random() for _ in range(self.acts_a_day))
            for share in shares:
                self.actor.live_until(midnight - timedelta(days=1) * (1 - share))
                self.actor.act()
            self.actor.live_until(midnight)
            self.actor.exchange.advance()
            self._judge(self.book())
            self._let_flow()

    def end(self) -> Mapping[Method, Result]:
        """Sell everything, keep the books, and return what came of it under each method."""
        self.actor.flatten()
        booked = self.book()
        self._judge(booked)
        moves, base = self.moves(), self.base_currency
        found = {each: result(folded(moves, each, base)[0], _nothing, base) for each in Method}
        if by_type.of_books(moves) != self.told_by_the_exchange():
            self.wrong.append("why what came and went is told otherwise by the exchange")
        held = [each for each in self.desk.stores.accounts.books() if each.lots]
        self.wrong += [f"{each.asset}: {each.qty} is left" for each in held if each.asset != KFEE]
        return found

    def moves(self) -> Sequence[AccountMove]:
        """Return every move that is booked."""
        return self.desk.stores.accounts.moves_within(BEGIN - timedelta(days=1), _LATER)

    def told_by_the_exchange(self) -> by_type.Sums:
        """Return what the exchange's own rows add up to, by what they are."""
        symbols = self.desk.market.listing().symbols
        rows = self.actor.exchange.account.ledger.values()
        return by_type.of_exchange(rows, partial(economic_asset, symbols))

    def book(self) -> Booked:
        """Keep the books as the pipeline does, with the market's closes as certified bars."""
        told = {"closes": self.closes, "base_currency": self.base_currency}
        keeping = partial(book_moves, self.desk.account_desk(**told))
        return self.desk.book(book_moves=keeping, **told)

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return the market's closes as if its bars of five minutes were certified."""
        if frame.name != "5m":
            return {}
        at = closed_at.timestamp() - 0.001
        market = self.actor.exchange.market
        return {name: last_price(market, self.actor.pair(name), at) for name in PAIRS}

    def _judge(self, booked: Booked) -> None:
        books = {each.asset: each for each in self.desk.stores.accounts.books()}
        prices = {each.asset: each.price for each in booked.snapshot.valuations}
        told = result(books.values(), prices.get, self.base_currency)
        self.residual = max(self.residual, abs(told.residual), key=abs)
        found = {
            "buckets differ": not self.desk.balances_agree(),
            "drift": dict(booked.snapshot.drift),
            "residual": told.residual,
            "qty": _differing(books, booked, self.desk),
            "equity": told.equity != booked.snapshot.equity,
            "swaps do not add up": _swapped(books.values()),
            "short": dict(booked.short),
            "unexplained": {
                name: [e.told.why for e in some] for name, some in booked.unexplained.items()
            },
            "incomplete": told.incomplete,
        }
        day = f"{self.actor.clock.now():%F}"
        self.wrong += [f"{day} {what}: {value}" for what, value in found.items() if value]

    def _let_flow(self) -> None:
        """Let something flow in or out with nothing else between two looks: a unit stands still."""
        actor, before = self.actor, self.book().snapshot
        coin = actor.dice.choice(("USD", "EUR", "XBT", "ETH"))
        flow = actor.dice.choice(("deposit", "withdrawal"))
        amount = str(actor.share(coin, 0.1))
        if Decimal(amount):
            actor.play({"flow": flow, "asset": coin, "amount": amount})
            after = self.book().snapshot
            self.flows_tried += 1
            moved = abs(after.unit_price - before.unit_price) > NEAR * before.unit_price
            if moved or after.units == before.units:
                said = f"{flow} {amount} {coin}: a unit {before.unit_price} -> {after.unit_price}"
                self.wrong.append(f"{actor.clock.now():%F} {said}")


KFEE: Final = Asset("KFEE")
_LATER: Final = datetime(2100, 1, 1, tzinfo=UTC)


def _nothing(asset: Asset) -> Decimal:
    return ZERO


def _swapped(books: Iterable[AssetBook]) -> Decimal:
    with localcontext(EXACT):
        return sum((each.swapped for each in books), ZERO)


def _differing(
    books: Mapping[Asset, AssetBook], booked: Booked, desk: Paper
) -> Mapping[str, tuple[Decimal, Decimal]]:
    """Return what the account's books hold otherwise than the exchange and what is in flight."""
    listing = desk.market.listing()
    held: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for bucket, amount in desk.exchange.account.balances.items():
        held[economic_asset(listing.symbols, bucket)] += amount
    for each in booked.in_flight:
        held[economic_asset(listing.symbols, each.entry.asset)] += each.qty
    ours = {name: each.qty for name, each in books.items()}
    return {
        name: (ours.get(name, ZERO), held.get(name, ZERO))
        for name in sorted({*ours, *held})
        if ours.get(name, ZERO) != held.get(name, ZERO)
    }


@contextmanager
def lived(
    folder: Path,
    seed: int,
    *,
    acts_a_day: int,
    tables: Path | None = None,
    base_currency: Asset = USD,
) -> Iterator[Year]:
    """Open an account on a made-up market, with funds in several currencies.

    Args:
        folder: where everything is kept.
        seed: of market and actor.
        acts_a_day: how much is done.
        tables: an empty database to copy; None makes one.
        base_currency: in which everything is valued.
    """
    market, path = SyntheticMarket(seed), folder / "store.db"
    if tables is None:
        migrate(f"sqlite:///{path}")
    else:
        shutil.copy(tables, path)
    idle = Journal(folder / "idle", market.identity)
    service = Service(Exchange(market, FixedClock(BEGIN), idle), KEY)
    with (
        serving(service) as served,
        paper(served, market, folder, f"sqlite:///{path}", at=BEGIN) as desk,
    ):
        dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
        actor = Actor(exchange=desk.exchange, clock=desk.turner, dice=dice)
        for coin, amount in START_FUNDS.items():
            actor.play({"flow": "deposit", "asset": coin, "amount": amount})
        year = Year(desk=desk, actor=actor, acts_a_day=acts_a_day, base_currency=base_currency)
        year.book()
        yield year
    idle.close()
