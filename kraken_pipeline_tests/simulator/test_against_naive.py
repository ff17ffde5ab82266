"""The exchange beside one that was written without cleverness: after each step they agree."""

import json
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kraken_pipeline.simulator.api import trading
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.engine_limits import TIERS
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.synthetic import SyntheticMarket
from kraken_pipeline_tests.simulator.bench import Json
from kraken_pipeline_tests.simulator.naive import Naive
from kraken_pipeline_tests.simulator.naive_orders import ZERO, Ask

MARKET = SyntheticMarket(7)
BEGIN = datetime(2026, 10, 1, 12, tzinfo=UTC)
PAIRS = ("WELLUSD", "XDGUSD", "SOLUSDT", "USDTUSD")
FUNDS = {"USD": "900", "USDT": "700", "WELL": "9000", "XDG": "5000", "SOL": "6"}
SIDES = st.sampled_from(["buy", "sell"])
NEAR = st.sampled_from([*range(-30, 31, 5), -1, 1])
"""How far a price lies from the last, in basis points."""
SIZES = st.sampled_from([-1, -3, -40, 5, 30, 60, 90, 99, 100])
"""Below zero in smallest orders, above in percent of what the account has to spend."""
STPS = st.sampled_from(["cancel-newest", "cancel-oldest", "cancel-both"])
OFFS = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2])
"""What is wrong with an order: nothing, a tenth of a tick, or a volume below the smallest."""


class Beside(RuleBasedStateMachine):
    """Both exchanges, given the same."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.journal = Journal(Path(self._folder.name), MARKET.identity)
        self.clock = FixedClock(BEGIN)
        self.exchange = Exchange(MARKET, self.clock, self.journal)
        self.exchange.counters.tier = TIERS["pro"]
        self.naive = Naive(market=MARKET, position=BEGIN)
        for name, amount in FUNDS.items():
            asset = MARKET.listing.asset(name)
            assert asset is not None
            self.exchange.deposit(asset, Decimal(amount))
            self.naive.deposit(asset, Decimal(amount))

    def teardown(self) -> None:
        self.journal.close()
        self._folder.cleanup()

    def pair(self, name: str) -> Pair:
        found = MARKET.listing.pair(name)
        assert found is not None
        return found

    def near(self, pair: Pair, bps: int) -> Decimal:
        last = self.exchange.last(pair, self.clock.now())
        return (last * (10_000 + bps) / 10_000).quantize(pair.tick, rounding=ROUND_HALF_EVEN)

    def volume(self, pair: Pair, side: str, size: int) -> Decimal:
        if size < 0:
            return pair.ordermin * -size
        asset = pair.quote if side == "buy" else pair.base
        amount = self.exchange.account.balances.get(asset.id, ZERO) * size / 100
        if side == "buy":
            amount /= self.exchange.last(pair, self.clock.now())
        return amount.quantize(pair.lot, rounding=ROUND_DOWN)

    def asked(self, ask: Ask, off: int = 0) -> None:
        """Ask both for an order, perhaps for one that is not right."""
        if off == 1 and ask.price is not None:
            ask.price += ask.pair.tick / 10
        if off == 2:
            ask.volume /= 200
        told = {
            "pair": ask.pair.altname,
            "type": ask.side,
            "ordertype": ask.ordertype,
            "volume": f"{ask.volume:f}",
            "timeinforce": "GTD" if ask.lives else ask.timeinforce,
            "expiretm": f"+{ask.lives}" if ask.lives else "",
            "stptype": ask.stp,
            "oflags": ",".join(
                flag
                for flag, wanted in (
                    ("post", ask.post),
                    ("fcib", ask.fee_in_base),
                    ("viqc", ask.in_quote),
                )
                if wanted
            ),
        }
        prices = [each for each in (ask.stop, ask.price) if each is not None]
        told |= {
            f"price{number}": f"{price:f}" for number, price in zip(("", "2"), prices, strict=False)
        }
        if ask.trail is not None:
            told["price"] = f"+{ask.trail}%"
        ask.timeinforce = told["timeinforce"]
        now = self.exchange.advance()

        expected = self.naive.place(ask, now)

        assert self.placed(told) == expected

    def placed(self, told: dict[str, str]) -> str | None:
        try:
            answer = json.loads(trading.add_order(self.exchange, Params(told)))
        except RefusedError as refusal:
            return refusal.text
        assert len(answer["txid"]) == 1
        return None

    @rule(
        name=st.sampled_from(PAIRS),
        side=SIDES,
        bps=NEAR,
        size=SIZES,
        terms=st.fixed_dictionaries({
            "timeinforce": st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
            "post": st.booleans(),
            "fee_in_base": st.booleans(),
            "stp": STPS,
            "lives": st.sampled_from([0, 0, 60, 400]),
        }),
        off=OFFS,
    )  # fmt: skip
    def limit(self, name: str, side: str, bps: int, size: int, *, terms: Json, off: int) -> None:
        pair = self.pair(name)
        if terms["timeinforce"] != "GTC":
            terms |= {"post": False, "lives": 0}
        volume, price = self.volume(pair, side, size), self.near(pair, bps)
        ask = Ask(pair=pair, side=side, ordertype="limit", volume=volume, price=price, **terms)
        self.asked(ask, off)

    @rule(
        name=st.sampled_from(PAIRS),
        bps=st.integers(1, 15),
        size=SIZES,
        fcib=st.booleans(),
        seconds=st.sampled_from([61, 900, 7200]),
    )
    def quote(self, name: str, bps: int, size: int, seconds: int, *, fcib: bool) -> None:
        """Rest on both sides of the market and let it come."""
        pair = self.pair(name)
        for side, away in (("buy", -bps), ("sell", bps)):
            volume, price = self.volume(pair, side, size), self.near(pair, away)
            ask = Ask(pair=pair, side=side, ordertype="limit", volume=volume, price=price)
            ask.fee_in_base = fcib
            self.asked(ask)
        self.wait(seconds)

    @rule(name=st.sampled_from(PAIRS), side=SIDES, size=SIZES, fcib=st.booleans(), stp=STPS)
    def market(self, name: str, side: str, size: int, stp: str, *, fcib: bool) -> None:
        pair = self.pair(name)
        volume = self.volume(pair, side, size)
        ask = Ask(pair=pair, side=side, ordertype="market", volume=volume)
        ask.fee_in_base, ask.stp = fcib, stp
        self.asked(ask)

    @rule(name=st.sampled_from(PAIRS), cost=st.integers(1, 400), stp=STPS)
    def market_in_quote(self, name: str, cost: int, stp: str) -> None:
        ask = Ask(pair=self.pair(name), side="buy", ordertype="market", volume=Decimal(cost))
        ask.in_quote, ask.stp = True, stp
        self.asked(ask)

    @rule(
        name=st.sampled_from(PAIRS),
        side=SIDES,
        kind=st.sampled_from(["stop-loss", "take-profit"]),
        stop=NEAR,
        limit=st.none() | NEAR,
        size=SIZES,
    )
    def trigger(
        self, name: str, side: str, kind: str, stop: int, limit: int | None, size: int
    ) -> None:
        pair = self.pair(name)
        ask = Ask(pair=pair, side=side, ordertype=kind, volume=self.volume(pair, side, size))
        ask.stop = self.near(pair, stop)
        if limit is not None:
            ask.ordertype, ask.price = f"{kind}-limit", self.near(pair, limit)
        self.asked(ask)

    @rule(name=st.sampled_from(PAIRS), side=SIDES, trail=st.integers(1, 30), size=SIZES)
    def trailing(self, name: str, side: str, trail: int, size: int) -> None:
        pair = self.pair(name)
        volume = self.volume(pair, side, size)
        ask = Ask(pair=pair, side=side, ordertype="trailing-stop", volume=volume)
        ask.trail = Decimal(trail) / 100
        self.asked(ask)

    @precondition(lambda self: self.naive.open)
    @rule(which=st.integers(0, 1000))
    def cancel(self, which: int) -> None:
        order = self.naive.open[which % len(self.naive.open)]
        self.naive.cancel(order.id)
        txid = list(self.exchange.account.orders)[order.id - 1]
        self.exchange.cancel([self.exchange.account.open[txid]])

    @rule(seconds=st.sampled_from([0, 60, 500]))
    def arm(self, seconds: int) -> None:
        now = self.exchange.advance()
        trading.cancel_all_orders_after(self.exchange, Params({"timeout": str(seconds)}))
        self.naive.timer = now + timedelta(seconds=seconds) if seconds else None

    @rule(seconds=st.sampled_from([1, 7.3, 59.9, 240, 900, 3600]))
    def wait(self, seconds: float) -> None:
        self.clock.turn(self.clock.now() + timedelta(seconds=seconds))
        self.exchange.advance()
        self.naive.advance(self.clock.now())

    @invariant()
    def balances_and_holds_agree(self) -> None:
        account = self.exchange.account
        assert account.balances == self.naive.balances
        assert account.holds() == self.naive.holds()
        assert min(account.balances.values()) >= 0

    @invariant()
    def open_orders_agree(self) -> None:
        account = self.exchange.account
        numbers = {txid: number for number, txid in enumerate(account.orders, start=1)}
        ours = [
            (
                numbers[o.id],
                o.waits,
                o.executed,
                o.cost,
                o.trigger.price if o.trigger and o.waits else None,
            )
            for o in account.open.values()
        ]
        assert ours == [
            (o.id, o.waits, o.executed, o.cost, o.stop if o.waits else None)
            for o in self.naive.open
        ]

    @invariant()
    def fills_and_the_ledger_agree(self) -> None:
        account = self.exchange.account
        numbers = {txid: number for number, txid in enumerate(account.orders, start=1)}
        ours = [
            (numbers[f.order_id], f.price, f.qty, f.cost, f.fee, f.maker)
            for f in account.trades.values()
        ]
        assert ours == [(f.order, f.price, f.qty, f.cost, f.fee, f.maker) for f in self.naive.fills]
        rows = [(e.asset, e.amount, e.fee) for e in account.ledger.values()]
        assert rows == self.naive.ledger
        sums: dict[str, Decimal] = {}
        for asset, amount, fee in rows:
            sums[asset] = sums.get(asset, ZERO) + amount - fee
        assert sums == account.balances


Beside.TestCase.settings = settings(max_examples=16, stateful_step_count=30)
TestBeside = Beside.TestCase
