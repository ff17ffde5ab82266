"""The life of an account, drawn from a seed: every call, answer, frame and event in one hash.

Run it by hand to repeat one: `python -m kraken_pipeline_tests.simulator.life SEED STEPS`.
"""

import asyncio
import hashlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from kraken_pipeline.simulator.auth import secret_of, signature
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.faults.kinds import TRAITS, Kind, Point
from kraken_pipeline.simulator.faults.rules import Seed
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.flows.script import FlowError
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import KINDS
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.rest_limits import Limits, Tier
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.simulation import Settings, opened
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.session import Session
from kraken_pipeline.simulator.stream.station import Station

SECRET: Final = "bm8gc2VjcmV0IG9mIGFueWJvZHkgYXQgYWxs"
PAIRS: Final = ("XBTUSD", "ETHXBT", "XDGUSD", "WELLUSD", "SOLUSDT", "USDTUSD")
STREAMED: Final = ("BTC/USD", "ETH/BTC", "DOGE/USD", "SOL/USDT")
FUNDS: Final = {asset: Decimal(20_000) for asset in ("ZUSD", "XXBT", "XXDG", "WELL", "USDT")}
TYPES: Final = ("limit", *KINDS)
CLOSES: Final = ("", "", "limit", "stop-loss", "trailing-stop")
SLOW: Final = {Kind.LATE_REQUEST, Kind.LATE_REPLY, Kind.RESTART}
"""They wait on the machine's own time."""
DEAFENING: Final = {Kind.SILENT_SOCKET, Kind.CUT_SOCKET, Kind.MAINTENANCE, Kind.CUT_BEFORE_ACK}
RATES: Final = {
    kind: 0.005
    for kind in TRAITS
    if kind not in SLOW | DEAFENING and TRAITS[kind].at is not Point.CONNECT
}
FLOWS: Final = (
    {"flow": "deposit", "asset": "USD", "amount": "25.5", "fee": "0.5"},
    {"flow": "withdrawal", "asset": "USD", "amount": "12.25", "fee": "1"},
    {"flow": "withdrawal_failed", "asset": "XBT", "amount": "0.1"},
    {"flow": "airdrop", "asset": "WELL", "amount": "7"},
    {"flow": "spend_receive", "asset": "USD", "amount": "10", "for": "XBT", "received": "0.0001"},
    {"flow": "bucket_transfer", "asset": "XBT", "amount": "0.01", "to": "F"},
)
READS: Final = ("Balance", "BalanceEx", "OpenOrders", "ClosedOrders", "TradesHistory", "Ledgers")
PUBLIC: Final = ("Ticker", "Depth", "Trades", "OHLC", "Spread", "AssetPairs")


class Life:
    """An account, who acts on it, and the hash of all that was said and done."""

    def __init__(self, service: Service, seed: int) -> None:
        self.service = service
        self.exchange = service.exchange
        self.dice = random.Random(seed)  # noqa: S311 repeatable, not secret
        self.said = hashlib.sha256()
        self.counts: Counter[str] = Counter()
        self.nonces = count(1)
        self.station = Station(service)
        self.lines: list[tuple[Connection, Session]] = []

    async def begin(self, seed: int) -> None:
        """Set the faults going and subscribe to whatever there is."""
        self.service.faults.seed(Seed(number=seed, rates=RATES))
        for _ in range(2):
            connection = self.station.joined()
            self.lines.append((connection, Session(self.station, connection)))
            token = self.service.tokens.issue("life", self.exchange.clock.now())
            for channel in ("book", "ticker", "trade", "ohlc"):
                self.subscribe({"channel": channel, "symbol": STREAMED})
            for channel in ("executions", "balances"):
                self.subscribe({"channel": channel, "token": token})

    def subscribe(self, params: Mapping[str, object]) -> None:
        """Let the newest connection ask for a channel."""
        self.lines[-1][1].hear(json.dumps({"method": "subscribe", "params": params}))

    async def step(self) -> None:
        """Do anything, and keep what came of it."""
        act = self.dice.choice(ACTS)
        self.counts[act.__name__] += 1
        await act(self)
        await asyncio.sleep(0)
        for connection, _ in self.lines:
            while connection._waiting:
                self._keep("frame", connection._waiting.popleft())

    async def call(self, method: str, **params: object) -> None:
        """Ask as any client would, signed, through whatever faults strike."""
        given = {name: value for name, value in params.items() if value != ""}
        path, nonce = f"/0/private/{method}", str(next(self.nonces))
        body = urlencode({"nonce": nonce} | given).encode()
        sign = signature(secret_of(SECRET), path, nonce, body)
        handle = partial(self.service.private, path, {"api-key": "life", "api-sign": sign}, body)
        answer = await self.service.delivery.carry(method, handle)
        self.counts["succeeded" if answer.succeeded else "refused"] += 1
        self._keep(method, answer.body)

    def _keep(self, what: str, text: str | bytes) -> None:
        self.counts[what] += 1
        content = text.encode() if isinstance(text, str) else text
        self.said.update(f"{what} {len(content)} ".encode() + content)

    def pair(self) -> Pair:
        """Return any of the pairs."""
        pair = self.exchange.market.listing.pair(self.dice.choice(PAIRS))
        if pair is None:
            raise LookupError("a pair is not listed any more; name another in PAIRS")
        return pair

    def finish(self, journal: Path) -> str:
        """Return the hash of everything: what was said, the events, the strikes."""
        for struck in self.service.faults.log():
            self._keep("strike", repr(struck))
        self._keep("events", journal.read_bytes())
        self._keep("balances", repr(self.exchange.account.balances))
        return self.said.hexdigest()


async def add(life: Life) -> None:
    """Place an order of any kind."""
    pair, dice = life.pair(), life.dice
    ordertype, side = dice.choice(TYPES), dice.choice(["buy", "sell"])
    qty = (pair.ordermin * dice.choice([1, 3, 20, 90])).quantize(pair.lot)
    trails, closing = ordertype.startswith("trailing"), dice.choice(CLOSES)
    named = dice.random() < 0.5
    await life.call(
        "AddOrder",
        pair=pair.altname,
        type=side,
        ordertype=ordertype,
        volume=qty,
        displayvol=(qty / 4).quantize(pair.lot) if ordertype == "iceberg" else "",
        price=f"{'+' if trails else dice.choice('+-#')}{dice.randint(1, 20) / 10}%",
        price2=f"{dice.choice('+-')}{dice.randint(0, 20) / 10}%",
        timeinforce=dice.choice(["", "", "IOC", "FOK"]),
        starttm=dice.choice(["", "", "", "+90"]),
        expiretm=dice.choice(["", "", "", "+50000"]),
        oflags=dice.choice(["", "", "fcib", "post"]),
        stptype=dice.choice(["cancel-newest", "cancel-oldest", "cancel-both"]),
        cl_ord_id=f"mine-{dice.randint(1, 500)}" if named else "",
        userref="" if named else dice.randint(0, 3),
        **({"close[ordertype]": closing, "close[price]": "+0.5%"} if closing else {}),
    )


async def change(life: Life) -> None:
    """Amend or edit any order, open or not."""
    orders = list(life.exchange.account.orders.values())
    if orders:
        order = life.dice.choice(orders[-30:])
        qty = (order.volume * life.dice.choice([1, 2, 5]) / 2).quantize(Decimal("1e-8"))
        price = f"{life.dice.choice('+-')}{life.dice.randint(0, 10) / 10}%"
        if life.dice.random() < 0.6:
            field = life.dice.choice(["limit_price", "trigger_price"])
            await life.call("AmendOrder", txid=order.id, order_qty=qty, **{field: price})
        else:
            edit = {"volume": qty, "price": price}
            await life.call("EditOrder", txid=order.id, pair=order.pair, **edit)


async def cancel(life: Life) -> None:
    """Cancel one, a group or all."""
    orders = list(life.exchange.account.orders.values())
    chance = life.dice.random()
    if chance < 0.25:
        await life.call("CancelAll")
    elif chance < 0.4:
        await life.call("CancelOrder", txid=life.dice.randint(1, 3))
    elif orders:
        await life.call("CancelOrder", txid=life.dice.choice(orders[-30:]).id)


async def arm(life: Life) -> None:
    """Set the dead man's switch, or turn it off."""
    await life.call("CancelAllOrdersAfter", timeout=life.dice.choice([0, 60, 3600]))


async def read(life: Life) -> None:
    """Look at the account or the market."""
    if life.dice.random() < 0.5:
        await life.call(life.dice.choice(READS))
        return
    method = life.dice.choice(PUBLIC)
    answer = life.service.public(method, Params({"pair": life.pair().altname}))
    life._keep(method, answer.body)


async def move(life: Life) -> None:
    """Let funds come and go."""
    with suppress(FlowError, RefusedError):  # there may be too few
        life._keep("flow", repr(play(life.exchange, Params(life.dice.choice(FLOWS)))))


async def shut(life: Life) -> None:
    """Change what the exchange or a pair does, and back."""
    if life.dice.random() < 0.5:
        life.exchange.set_system(
            life.dice.choice([*["online"] * 6, "post_only", "cancel_only", "maintenance"])
        )
    else:
        life.exchange.set_pair_status(
            life.pair(), life.dice.choice([None, None, None, "limit_only"])
        )


async def wait(life: Life) -> None:
    """Let anything from a moment to a day pass."""
    clock = life.exchange.clock
    if isinstance(clock, FixedClock):
        clock.skew = timedelta()
        span = timedelta(seconds=life.dice.choice([0.2, 1, 7, 60, 900, 7200]))
        clock.turn(max(clock.now(), life.exchange.position) + span)
        life.service.turned()


ACTS: Final[tuple[Callable[[Life], Awaitable[None]], ...]] = (
    *(add, add, add, add, add, change, change, cancel, arm, read, read, move, shut, wait, wait),
)


async def _live(service: Service, seed: int, steps: int, journal: Path) -> tuple[str, Life]:
    life = Life(service, seed)
    await life.begin(seed)
    for _ in range(steps):
        await life.step()
    return life.finish(journal), life


def lived(seed: int, steps: int) -> tuple[str, Mapping[str, int]]:
    """Live a life and return its hash, and how often what happened."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            folder=Path(folder),
            key="life",
            secret=SECRET,
            clock="fixed",
            seed=seed,
            tier=Tier.PRO,
            limits=Limits.ALL,
            deposits=FUNDS,
        )
        with opened(settings) as made:
            tokens = map("token-{}".format, count())
            service = Service(made.exchange, made.keys, token=lambda: next(tokens))
            found, life = asyncio.run(_live(service, seed, steps, Path(folder) / "events.jsonl"))
            kinds = Counter(
                {"fills": len(made.exchange.account.trades)}
                | {"orders": len(made.exchange.account.orders)}
            )
            return found, life.counts + kinds


if __name__ == "__main__":
    number, length = int(sys.argv[1]), int(sys.argv[2])
    name, happened = lived(number, length)
    print(f"seed {number} steps {length} {name}")  # noqa: T201 what it is run for
    print(dict(sorted(happened.items())))  # noqa: T201 the same
