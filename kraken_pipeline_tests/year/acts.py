"""What a year does to an account, drawn from a seed: trades, flows, staking, conversions, fees.

Everything goes through the simulator's own engine and flows; nothing here knows how it is booked.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

from kraken_pipeline.simulator import buckets, desk, treasury
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.flows.script import FlowError
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import last_price
from kraken_pipeline.simulator.params import Params, RefusedError

PAIRS: Final = (
    "XBTUSD", "ETHUSD", "SOLUSD", "ADAUSD", "ETHXBT", "SOLXBT", "XBTEUR", "ETHEUR", "XBTUSDT",
    "ETHUSDT", "SOLUSDT", "USDTUSD", "EURUSD", "SOLEUR",
)  # fmt: skip
"""Quotes of dollars, euros, tethers and bitcoins; both sides of most can be bought otherwise."""
COINS: Final = ("XBT", "ETH", "SOL", "ADA", "USDT", "EUR")
STAKED: Final = ("ETH", "SOL", "ADA")
Script = Mapping[str, object]


@dataclass(kw_only=True)
class Actor:
    """Who acts on the account."""

    exchange: Exchange
    clock: FixedClock
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    due: list[tuple[datetime, Script]] = field(default_factory=list)
    """The other half of what has begun: legs that arrive, withdrawals that come back."""

    def live_until(self, until: datetime) -> None:
        """Let time pass; what is due by then happens at its own moment."""
        for each in sorted(self.due, key=lambda each: each[0]):
            if each[0] <= until:
                self.due.remove(each)
                self.turn(each[0])
                self.play(each[1])
        self.turn(until)

    def turn(self, instant: datetime) -> None:
        """Let time pass until an instant."""
        self.clock.turn(max(instant, self.exchange.position, self.clock.now()))

    def act(self) -> None:
        """Do anything that is possible now."""
        self.dice.choice(ACTS)(self)

    def play(self, told: Script) -> None:
        """Play a flow; one that lacks funds does not happen."""
        name = str(told["flow"])
        try:
            play(self.exchange, Params(told))
        except FlowError:
            self.done[f"{name} refused"] += 1
        else:
            self.done[name] += 1

    def order(self, pair: Pair, **told: object) -> None:
        """Place an order; one that is refused does not happen."""
        params = Params({"pair": pair.altname, **told})
        now = self.exchange.advance()
        try:
            desk.place(self.exchange, desk.accept(self.exchange, params, now), now)
        except RefusedError:
            self.done["order refused"] += 1
        else:
            self.done["order"] += 1

    def pair(self, name: str) -> Pair:
        """Return a listed pair."""
        found = self.exchange.market.listing.pair(name)
        if found is None:
            raise LookupError(f"{name} is not listed any more; name another in PAIRS")
        return found

    def free(self, bucket: str) -> Decimal:
        """Return what may be spent of a bucket, by any of its names."""
        name = buckets.bucket_id(self.exchange.market.listing, bucket)
        return max(treasury.spendable(self.exchange, name), Decimal(0))

    def share(self, bucket: str, most: float) -> Decimal:
        """Return some of what is free, on the asset's decimals."""
        held = buckets.held_asset(
            self.exchange.market.listing,
            buckets.bucket_id(self.exchange.market.listing, bucket),
        )
        part = self.free(bucket) * Decimal(str(round(self.dice.random() * most, 6)))
        return part.quantize(Decimal(1).scaleb(-held.decimals), rounding=ROUND_DOWN)

    def usd(self, name: str) -> Decimal:
        """Return what a unit of a coin is worth, about."""
        if name == "USD":
            return Decimal(1)
        return last_price(
            self.exchange.market, self.pair(f"{name}USD"), self.clock.now().timestamp()
        )

    def swapped(self, amount: Decimal, given: str, had: str) -> Decimal:
        """Return what an amount of one coin is in another, about, in eight decimals."""
        return (amount * self.usd(given) / self.usd(had)).quantize(Decimal("1e-8"))

    def trade(self) -> None:
        """Trade at the market, or leave an order near it; the fee in base or in quote."""
        pair = self.pair(self.dice.choice(PAIRS))
        side = self.dice.choice(("buy", "sell"))
        price = last_price(self.exchange.market, pair, self.clock.now().timestamp())
        most = self.free((pair.base if side == "sell" else pair.quote).id)
        qty = (most if side == "sell" else most / price) * Decimal(
            str(round(self.dice.uniform(0.02, 0.3), 4))
        )
        told: dict[str, object] = {
            "type": side,
            "volume": str(qty.quantize(pair.lot, rounding=ROUND_DOWN)),
            "oflags": self.dice.choice(("fciq", "fciq", "fcib")),
        }
        if self.dice.random() < LIMITED:
            away = Decimal("0.997") if side == "buy" else Decimal("1.003")
            told |= {"ordertype": "limit", "price": str((price * away).quantize(pair.tick))}
            told |= {"expiretm": "+7200"}
        else:
            told |= {"ordertype": "market"}
        self.order(pair, **told)

    def deposit(self) -> None:
        """Bring something in, at times announced by a row without an id."""
        coin = self.dice.choice(("USD", *COINS))
        amount = (Decimal(self.dice.randint(20, 900)) / self.usd(coin)).quantize(Decimal("1e-4"))
        told: Script = {"flow": "deposit", "asset": coin, "amount": str(amount)}
        more = self.dice.choice(({}, {"announced": True}, {"fee": str(amount / 100)}))
        self.play({**told, **more})

    def reverse(self) -> None:
        """Bring something in that is taken back within a day."""
        amount = str(self.dice.randint(10, 200))
        self.play({"flow": "deposit", "asset": "EUR", "amount": amount})
        self._later(20, {"flow": "reversal", "asset": "EUR", "amount": amount})

    def withdraw(self) -> None:
        """Send something away; at times it fails and comes back hours later, fee and all."""
        coin = self.dice.choice(("USD", *COINS))
        amount = self.share(coin, 0.05)
        refid = f"FTW{self.done.total():08}"
        fails = self.dice.random() < FAILING
        self.play(
            {
                "flow": "withdrawal_failed" if fails else "withdrawal",
                "asset": coin,
                "amount": str(amount),
                "fee": str((amount / 50).quantize(Decimal("1e-4"), rounding=ROUND_DOWN)),
                "refid": refid,
            }
        )
        if fails:
            self._later(30, {"flow": "withdrawal_returned", "refid": refid})

    def stake(self) -> None:
        """Move something to staking or back, the legs up to half a day apart."""
        coin, way = self.dice.choice(STAKED), self.dice.choice(("in", "in", "out"))
        source, target = (coin, f"{coin}.S") if way == "in" else (f"{coin}.S", coin)
        amount = self.share(source, 0.4)
        if not amount:
            return
        refid = f"FTS{self.done.total():08}"
        leg = {"flow": "staking_leg", "way": way, "amount": str(amount), "refid": refid}
        self.play({**leg, "leg": "leave", "asset": source})
        self._later(12, {**leg, "leg": "arrive", "asset": target})

    def earn(self) -> None:
        """Move something to Earn and back at once."""
        coin = self.dice.choice(("XBT", "SOL"))
        source, target = self.dice.choice(((coin, f"{coin}.F"), (f"{coin}.F", coin)))
        amount = self.share(source, 0.3)
        if amount:
            told = {"flow": "bucket_transfer", "source": source, "target": target}
            self.play({**told, "amount": str(amount)})

    def reward(self) -> None:
        """Have a reward of what is staked or earns, at times less a fee."""
        bucket, kind = self.dice.choice(
            (("ETH.S", "staking"), ("SOL.S", "staking"), ("XBT.F", "earn"), ("ADA", "reward"))
        )
        held = self.free(bucket)
        amount = (held / 2000).quantize(Decimal("1e-8"), rounding=ROUND_DOWN)
        if amount:
            fee = self.dice.choice(("0", str((amount / 5).quantize(Decimal("1e-8")))))
            told = {"flow": "reward", "asset": bucket, "kind": kind, "fee": fee}
            self.play({**told, "amount": str(amount)})

    def convert(self) -> None:
        """Give one coin for another by the button, or by a conversion of the exchange's."""
        given, had = self.dice.sample(("USD", *COINS), 2)
        amount = self.share(given, 0.05)
        received = self.swapped(amount, given, had)
        if self.dice.random() < BY_BUTTON:
            told: Script = {"flow": "spend_receive", "spend": given, "receive": had}
            told = {**told, "fee": str(self.share(given, 0.0005))}
        else:
            told = {"flow": "conversion", "source": given, "target": had}
        self.play({**told, "amount": str(amount), "received": str(received)})

    def sweep(self) -> None:
        """Sweep some dust into dollars."""
        dust = {coin: self.share(coin, 0.002) for coin in self.dice.sample(COINS, 2)}
        dust = {coin: amount for coin, amount in dust.items() if amount}
        if dust:
            worth = sum((self.swapped(each, coin, "USD") for coin, each in dust.items()))
            spend = {coin: str(amount) for coin, amount in dust.items()}
            got = str(Decimal(worth).quantize(Decimal("1e-4")))
            told = {"flow": "dust_sweep", "spend": spend, "receive": "USD", "received": got}
            self.play({**told, "fee": str((Decimal(got) / 40).quantize(Decimal("1e-4")))})

    def credit(self) -> None:
        """Be given fee credits, or pay a trade's fee with them."""
        trades = list(self.exchange.account.trades)
        if trades and self.free("KFEE") > 1 and self.dice.random() < BY_BUTTON:
            self.play({"flow": "fee_credits", "fee": "0.77", "refid": trades[-1]})
        else:
            self.play({"flow": "fee_credits", "amount": "25"})

    def drop(self) -> None:
        """Have coins for nothing."""
        self.play({"flow": "airdrop", "asset": "ADA", "amount": str(self.dice.randint(1, 40))})

    def _later(self, hours: int, told: Script) -> None:
        self.due.append((self.clock.now() + timedelta(hours=hours * self.dice.random()), told))

    def settle(self) -> None:
        """End all that has begun: what is due happens now, and no order rests."""
        self.exchange.advance()
        self.exchange.cancel(list(self.exchange.account.open.values()))
        for at, told in sorted(self.due, key=lambda each: each[0]):
            self.turn(at)
            self.play(told)
        self.due.clear()

    def flatten(self) -> None:
        """Have dollars and nothing else: out of every bucket, sold, and the dust swept."""
        self.settle()
        for bucket in [*self.exchange.account.balances]:
            if "." in bucket and self.free(bucket):
                told = {"flow": "bucket_transfer", "source": bucket, "amount": self.free(bucket)}
                self.play({**told, "target": bucket.partition(".")[0]})
        for coin in COINS:
            pair = self.pair(f"{coin}USD")
            qty = self.free(coin).quantize(pair.lot, rounding=ROUND_DOWN)
            told = {"type": "sell", "ordertype": "market", "oflags": "fciq"}
            self.order(pair, volume=str(qty), **told)
            self.turn(self.clock.now() + timedelta(seconds=1))
            self._brush(coin)

    def _brush(self, coin: str) -> None:
        """Sweep what is left of a coin."""
        left = self.free(coin)
        if left:
            worth = self.swapped(left, coin, "USD").quantize(Decimal("1e-4"))
            told = {"flow": "dust_sweep", "spend": {coin: str(left)}, "receive": "USD"}
            self.play({**told, "received": str(max(worth, Decimal("0.0001")))})


LIMITED: Final = 0.3
FAILING: Final = 0.4
BY_BUTTON: Final = 0.7
"""How often the one of two ways is taken."""
ACTS: Final[tuple[Callable[[Actor], None], ...]] = (
    *(Actor.trade,) * 14,
    *(Actor.deposit, Actor.reverse, Actor.withdraw, Actor.stake, Actor.stake, Actor.earn),
    *(Actor.reward, Actor.reward, Actor.convert, Actor.sweep, Actor.credit, Actor.drop),
)
