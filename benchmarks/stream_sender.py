"""Sends the same frames as fast as they are taken to whoever connects; a process of its own.

They are Kraken's in form: an instrument snapshot, a book snapshot of every pair, then a mix of book
updates with right checksums, tickers and trades.
"""

import random
import socket
import sys
import threading
from decimal import Decimal
from zlib import crc32

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

SYMBOLS = 500
MESSAGES = 60_000
DEPTH = 10
DEEP = 25
SEED = 7
TICKER_SHARE, TRADE_SHARE = 0.15, 0.05
"""The rest are book updates, which make up most of what Kraken sends."""
GONE_SHARE = 0.2
"""Of the changes to a book that take a level away."""
END = b'{"channel":"end"}'
AT = "2026-11-23T12:00:00.000000Z"
QTY_PLACES = 8
CHANCE = random.Random(SEED)  # noqa: S311 - a market of its own, the same each time


def symbol(number: int) -> str:
    return f"C{number}/USD"


class Side:
    """Prices in ticks to quantities in units, more of them than are shown."""

    def __init__(self, sign: int, middle: int) -> None:
        self.sign = sign
        self.levels = {middle + sign * step: _qty() for step in range(1, DEEP + 1)}

    def shown(self) -> dict[int, int]:
        best = sorted(self.levels, key=lambda ticks: self.sign * ticks)[:DEPTH]
        return {ticks: self.levels[ticks] for ticks in best}

    def change(self) -> dict[int, int]:
        """Change one level near the top and return what a client must be told."""
        before = self.shown()
        ticks = CHANCE.choice(list(before))
        if CHANCE.random() < GONE_SHARE and len(self.levels) > DEEP - 5:
            del self.levels[ticks]
        else:
            self.levels[ticks] = _qty()
        if len(self.levels) < DEEP - 3:
            worst = max(self.levels, key=lambda each: self.sign * each)
            self.levels[worst + self.sign] = _qty()
        after = self.shown()
        gone = {each: 0 for each in before if each not in self.levels}
        return gone | {each: qty for each, qty in after.items() if before.get(each) != qty}


class Pair:
    def __init__(self, number: int) -> None:
        self.name = symbol(number)
        self.places = 1 + number % 6
        self.middle = CHANCE.randrange(10_000, 900_000)
        self.asks, self.bids = Side(1, self.middle), Side(-1, self.middle)
        self.trades = 0

    def checksum(self) -> int:
        sides = (*self.asks.shown().items(), *self.bids.shown().items())
        return crc32("".join(f"{ticks}{qty}" for ticks, qty in sides).encode())

    def snapshot(self) -> bytes:
        return self._book("snapshot", self.bids.shown(), self.asks.shown())

    def update(self) -> bytes:
        if CHANCE.choice((True, False)):
            return self._book("update", self.bids.change(), {})
        return self._book("update", {}, self.asks.change())

    def ticker(self) -> bytes:
        bid, bid_qty = next(iter(self.bids.shown().items()))
        ask, ask_qty = next(iter(self.asks.shown().items()))
        price = self._price(self.middle)
        return (
            f'{{"channel":"ticker","type":"update","data":[{{"symbol":"{self.name}",'
            f'"bid":{self._price(bid)},"bid_qty":{_units(bid_qty)},"ask":{self._price(ask)},'
            f'"ask_qty":{_units(ask_qty)},"last":{price},"volume":4182.59447976,"vwap":{price},'
            f'"low":{price},"high":{price},"change":{price},"change_pct":6.84,'
            f'"timestamp":"{AT}"}}]}}'
        ).encode()

    def trade(self) -> bytes:
        self.trades += 1
        return (
            f'{{"channel":"trade","type":"update","data":[{{"symbol":"{self.name}","side":"buy",'
            f'"price":{self._price(self.middle)},"qty":{_units(_qty())},"ord_type":"limit",'
            f'"trade_id":{self.trades},"timestamp":"{AT}"}}]}}'
        ).encode()

    def rules(self) -> str:
        step = self._price(1)
        return (
            f'{{"symbol":"{self.name}","base":"C","quote":"USD","status":"online",'
            f'"qty_precision":{QTY_PLACES},"qty_increment":0.00000001,'
            f'"price_precision":{self.places},"cost_precision":5,"cost_min":0.50,'
            f'"price_increment":{step},"qty_min":0.00200000}}'
        )

    def _book(self, kind: str, bids: dict[int, int], asks: dict[int, int]) -> bytes:
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self.name}",'
            f'"bids":[{self._levels(bids)}],"asks":[{self._levels(asks)}],'
            f'"checksum":{self.checksum()},"timestamp":"{AT}"}}]}}'
        ).encode()

    def _levels(self, levels: dict[int, int]) -> str:
        return ",".join(
            f'{{"price":{self._price(ticks)},"qty":{_units(qty)}}}' for ticks, qty in levels.items()
        )

    def _price(self, ticks: int) -> str:
        return format(Decimal(ticks).scaleb(-self.places), "f")


def _qty() -> int:
    return CHANCE.randrange(1, 10**10)


def _units(qty: int) -> str:
    return format(Decimal(qty).scaleb(-QTY_PLACES), "f")


def payloads() -> list[bytes]:
    pairs = [Pair(number) for number in range(SYMBOLS)]
    rules = ",".join(pair.rules() for pair in pairs)
    start = f'{{"channel":"instrument","type":"snapshot","data":{{"assets":[],"pairs":[{rules}]}}}}'
    frames = [start.encode(), *(pair.snapshot() for pair in pairs)]
    frames += [pair.ticker() for pair in pairs]
    while len(frames) < MESSAGES - 1:
        pair, drawn = CHANCE.choice(pairs), CHANCE.random()
        if drawn < TICKER_SHARE:
            frames.append(pair.ticker())
        elif drawn < TICKER_SHARE + TRADE_SHARE:
            frames.append(pair.trade())
        else:
            frames.append(pair.update())
    return [*frames, END]


def serve() -> None:
    """Print the address and serve until terminated."""
    flood = b"".join(Frame(Opcode.TEXT, payload).serialize(mask=False) for payload in payloads())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"ws://127.0.0.1:{listening.getsockname()[1]}/v2", flush=True)
        while True:
            caller, _ = listening.accept()
            threading.Thread(target=_send, args=(caller, flood), daemon=True).start()


def _send(caller: socket.socket, flood: bytes) -> None:
    protocol = ServerProtocol()
    with caller:
        while True:
            protocol.receive_data(caller.recv(65_536))
            asked = [each for each in protocol.events_received() if isinstance(each, Request)]
            if asked:
                protocol.send_response(protocol.accept(asked[0]))
                caller.sendall(b"".join(protocol.data_to_send()))
                break
        try:
            caller.sendall(flood)
            caller.recv(65_536)  # whatever it says now, it is done
        except OSError:  # the caller had enough
            return


if __name__ == "__main__":
    sys.exit(serve())
