"""The pipeline on a made-up market of four pairs whose clock stands until it is turned."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.simulator.orders import Order as TakenOrder
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline.wiring.exchange import KEY, SECRET, turn_clock
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline_tests.store.builders import decision, order, plan, verdict

MOMENT = datetime(2024, 3, 5, 12, 0, 10, tzinfo=UTC)
"""Every timeframe but the day closed ten seconds ago; on some, each of the pairs but one trends."""
NOON = MOMENT.replace(second=0)
MONTH = "2024-03-01"
PAIRS = ("ADAUSD", "ETHUSD", "SOLUSD", "XDGUSD")
FEW_PAIRS = f"universe:\n  include_pairs: [{', '.join(PAIRS)}]\n"


@dataclass(frozen=True, kw_only=True)
class PaperMarket:
    """A simulator in a thread of this process, and folders for a pipeline on it."""

    root: Path
    served: Served

    @property
    def data_dir(self) -> Path:
        """Where the pipeline keeps its books."""
        return self.root / "data"

    @property
    def environ(self) -> dict[str, str]:
        """What a pipeline on this market finds in its environment."""
        return {
            "KRAKEN_PIPELINE_CONFIG_DIR": str(self.root / "config"),
            "KRAKEN_PIPELINE_DATA_DIR": str(self.data_dir),
            "KRAKEN_PIPELINE_SIMULATOR_URL": self.served.url,
        }

    def configure(self, more: str) -> None:
        """Configure the few pairs and what a test needs besides."""
        folder = self.root / "config"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text(FEW_PAIRS + more)

    @contextlib.contextmanager
    def pipeline(self, *, rehearse: bool = False) -> Iterator[Pipeline]:
        """Connect for as long as the context lasts."""
        connected = connect(self.environ, rehearse=rehearse)
        try:
            yield connected
        finally:
            connected.close()

    def turn(self, to: datetime) -> None:
        """Let time pass; what rests meets the market on the way."""
        turn_clock(self.served.url, to)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return what a query of the books' database gives."""
        with contextlib.closing(sqlite3.connect(self.data_dir / "portfolio.db")) as database:
            return [tuple(each) for each in database.execute(query)]

    @property
    def orders(self) -> list[TakenOrder]:
        """Every order that the simulator ever took."""
        return list(self.served.exchange.account.orders.values())

    @property
    def open_orders(self) -> list[TakenOrder]:
        """What rests at the simulator."""
        return list(self.served.exchange.account.open.values())


@contextlib.contextmanager
def paper_market(root: Path, *, at: datetime = MOMENT) -> Iterator[PaperMarket]:
    """Serve the market from a folder; what lies there already goes on from where it stood."""
    told = Settings(folder=root / "simulator", key=KEY, secret=SECRET, clock="fixed", at=at)
    with simulated(told) as served:
        market = PaperMarket(root=root, served=served)
        if not (root / "config").exists():
            market.configure("")
        yield market


def stock(root: Path, *, at: datetime = MOMENT) -> Path:
    """Fill a folder with universe, bars and books of an instant, nothing decided; return it."""
    with paper_market(root, at=at) as market, market.pipeline() as pipeline:
        pipeline.refresh_universe()
        for frame in TIMEFRAMES.values():
            pipeline.refresh_bars(frame)
        pipeline.keep_books()
    return root


@contextlib.contextmanager
def stocked_market(stocked: Path, root: Path) -> Iterator[PaperMarket]:
    """Serve a copy of a stocked folder."""
    shutil.copytree(stocked, root, dirs_exist_ok=True)
    with paper_market(root) as market:
        yield market


def resting_buy(pipeline: Pipeline, pair: str = "ADAUSD") -> Order:
    """Buy far below the market, past risk but through books and gateway, and return what rests."""
    now, orders = pipeline.clock(), pipeline.stores.orders
    close = now.replace(second=0, microsecond=0)
    wished = decision(pair, strategy_id=f"buys_{pair}", closed_at=close, decided_at=now)
    [intent] = wished.intents
    planned = order(
        intent,
        plan=f"P-{pair}",
        qty=Qty(Decimal(100)),
        limit_price=Price(Decimal("0.1")),
        created_at=now,
        updated_at=now,
    )
    pipeline.stores.decisions.record(wished, {})
    with orders.assessing() as assessment:
        assessment.keep(plan(verdict(intent), plan_id=planned.plan_id), [planned])
    pipeline.submit(Namespace.TRADE, owner="a test")
    return orders.order(planned.local_id)
