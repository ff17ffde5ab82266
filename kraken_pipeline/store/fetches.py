"""What was fetched of histories and is not stored yet, so that no page is fetched again (HIS-7).

How far the reading of a pair's trades has come is a file a pair, put in place whole. Pages of
candles are lines of one file, each with its checksum, which is emptied once they are stored. None
of it is forced to the disk: a process that is killed leaves it there, and after a power cut, where
the end may be missing or torn, the exchange still has it.
"""

import fcntl
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.money import Price, Qty, plain
from kraken_pipeline.domain.tail_pages import TailPage
from kraken_pipeline.domain.trade_bars import TradeBar
from kraken_pipeline.domain.trade_reading import Reading

FOLDER: Final = "fetching"
PAGES: Final = "pages"
_COLUMNS: Final = ("opened_at", "open", "high", "low", "close", "volume", "trades")


class ReadingFiles:
    """How far the reading of trades has come, pair by pair."""

    def __init__(self, root: Path) -> None:
        """Take the folder of the bars; it need not be there yet."""
        self._folder = root / FOLDER

    @contextmanager
    def turn(self, pair: str) -> Iterator[None]:
        """Keep other processes from filling a pair's history; it ends with this one.

        Raises:
            ConflictError: one does.
        """
        with _turn(self._folder, pair):
            yield

    def kept(self, pair: str) -> Reading | None:
        """Return what was noted last; None where nothing was, or it is torn."""
        try:
            line = self._path(pair).read_text()
        except FileNotFoundError:
            return None
        told = _checked(line)
        return None if told is None else _reading(told)

    def keep(self, pair: str, reading: Reading) -> None:
        """Note it in place of what was noted before."""
        temporary = self._path(pair).with_suffix(".tmp")
        temporary.write_text(_line(_written(reading)))
        temporary.replace(self._path(pair))

    def _path(self, pair: str) -> Path:
        return self._folder / f"{pair}.json"


class PageFile:
    """Pages of candles that are not stored yet."""

    def __init__(self, root: Path) -> None:
        """Take the folder of the bars; it need not be there yet."""
        self._folder = root / FOLDER
        self._path = self._folder / f"{PAGES}.jsonl"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep other processes from fetching tails; it ends with this one.

        Raises:
            ConflictError: one does.
        """
        with _turn(self._folder, PAGES):
            yield

    def note(self, pages: Sequence[TailPage]) -> None:
        """Add pages, all in one write: two threads cannot mix theirs."""
        text = "".join(_line(_page_written(each)) for each in pages)
        with self._path.open("ab", buffering=0) as file:
            file.write(text.encode())

    def noted(self) -> tuple[TailPage, ...]:
        """Return what was added since it was emptied, without a line that is torn."""
        try:
            lines = self._path.read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return ()
        found = (_checked(each) for each in lines)
        return tuple(_page(each) for each in found if each is not None)

    def clear(self) -> None:
        """Forget them: they are stored."""
        self._path.unlink(missing_ok=True)


@contextmanager
def _turn(folder: Path, what: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{what}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise ConflictError(
                f"another process is fetching history ({what}); wait until it is done"
            ) from taken
        yield


def _line(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def _checked(line: str) -> dict[str, Any] | None:
    crc, _, text = line.partition(" ")
    if not text.endswith("\n") or crc != f"{zlib.crc32(text[:-1].encode()):08x}":
        return None
    told: dict[str, Any] = json.loads(text)
    return told


def _written(reading: Reading) -> dict[str, Any]:
    return {
        "done": reading.done,
        "cursor": reading.cursor,
        "held": [
            {
                "trade_id": each.trade_id,
                "price": plain(each.price),
                "qty": plain(each.qty),
                "taker_side": each.taker_side.value,
                "is_limit": each.is_limit,
                "at": each.at.isoformat(),
            }
            for each in reading.held
        ],
        "pending": [
            [
                each.opened_at,
                *(plain(one) for one in (each.open, each.high, each.low, each.close, each.volume)),
                each.trades,
            ]
            for each in reading.pending
        ],
    }


def _reading(told: Mapping[str, Any]) -> Reading:
    return Reading(
        done=told["done"],
        cursor=told["cursor"],
        held=tuple(_trade(each) for each in told["held"]),
        pending=tuple(_bar(*each) for each in told["pending"]),
    )


def _trade(told: Mapping[str, Any]) -> PublicTrade:
    return PublicTrade(
        trade_id=told["trade_id"],
        price=Price(Decimal(told["price"])),
        qty=Qty(Decimal(told["qty"])),
        taker_side=Side(told["taker_side"]),
        is_limit=told["is_limit"],
        at=datetime.fromisoformat(told["at"]),
    )


def _bar(opened_at: int, *told: Any) -> TradeBar:  # noqa: ANN401 - a row of JSON
    *amounts, trades = told
    prices = [Price(Decimal(each)) for each in amounts[:4]]
    return TradeBar(
        opened_at=opened_at,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=Decimal(amounts[4]),
        trades=trades,
    )


def _page_written(page: TailPage) -> dict[str, Any]:
    return asdict(page) | {"at": page.at.isoformat()}


def _page(told: Mapping[str, Any]) -> TailPage:
    of = told["candles"]
    columns: dict[str, Any] = {name: tuple(of[name]) for name in _COLUMNS}
    return TailPage(
        candles=Candles(pair=of["pair"], timeframe=of["timeframe"], **columns),
        made_of=told["made_of"],
        at=datetime.fromisoformat(told["at"]),
    )
