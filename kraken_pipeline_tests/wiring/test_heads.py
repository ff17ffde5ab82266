"""F-RSK-4, F-STO-3, AUD-1, AUD-3: books that are older than they were, and a disk that is full."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import InvalidValueError, StorageError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.settings.environment import DB_URL
from kraken_pipeline.store import heads
from kraken_pipeline.store.audit import head, verify
from kraken_pipeline.wiring.heads import accept, publish
from kraken_pipeline.wiring.panic import latch_text
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline_tests.full_disk import full_disk
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


def _backed_up(market: PaperMarket) -> Callable[[], None]:
    """Copy the books as they are, and return what puts the copy in their place."""
    books, copy = market.data_dir / "portfolio.db", market.root / "backup.db"
    with closing(sqlite3.connect(books)) as now, closing(sqlite3.connect(copy)) as backup:
        now.backup(backup)

    def restore() -> None:
        for each in market.data_dir.glob("portfolio.db*"):
            each.unlink()
        shutil.copy(copy, books)

    return restore


def _halted(market: PaperMarket) -> list[HaltKind]:
    with market.pipeline() as pipeline:
        return [each.kind for each in pipeline.halts()]


def test_f_rsk_4_a_kill_cannot_be_undone_by_an_older_database(market: PaperMarket) -> None:
    restore = _backed_up(market)
    with market.pipeline() as pipeline:
        pipeline.halt(reason="prices look wrong", by="somebody")

    restore()

    with market.pipeline() as pipeline:
        [halt] = pipeline.halts()
        assert halt.kind is HaltKind.STORAGE
        assert "audit accept" in halt.reason
        resting = resting_buy(pipeline)
        assert resting.kraken_order_id is None
    assert market.open_orders == []


def test_f_sto_3_a_restored_backup_starts_halted_until_a_person_takes_it(
    market: PaperMarket,
) -> None:
    restore = _backed_up(market)
    with market.pipeline() as pipeline:
        resting_buy(pipeline)
        publish(pipeline)
    restore()
    assert _halted(market) == [HaltKind.STORAGE]

    with market.pipeline() as pipeline:
        pipeline.resume(reason="looks fine", by="somebody")
    assert _halted(market) == [HaltKind.STORAGE]

    with market.pipeline() as pipeline:
        accept(pipeline, reason="the disk broke", by="somebody")
        pipeline.resume(reason="the disk broke", by="somebody")
    assert _halted(market) == []
    with market.pipeline() as pipeline:
        valid = heads.valid(pipeline.loaded.data_dir)
        assert verify(pipeline.stores.database, valid).faults == ()
    assert valid[0].accepted == "somebody: the disk broke"


def test_a_database_that_was_lost_is_missed(market: PaperMarket) -> None:
    with market.pipeline() as pipeline:
        publish(pipeline)
    for each in market.data_dir.glob("portfolio.db*"):
        each.unlink()

    assert _halted(market) == [HaltKind.STORAGE]


def test_books_that_go_on_are_not_halted(market: PaperMarket) -> None:
    for _ in range(2):
        with market.pipeline() as pipeline:
            pipeline.keep_books()
            pipeline.resume(reason="a test", by="somebody")

    assert _halted(market) == []
    newest = heads.newest(market.data_dir)
    assert newest is not None
    assert newest.head.seq > 0


def test_what_lacks_nothing_need_not_be_accepted(market: PaperMarket) -> None:
    with market.pipeline() as pipeline, pytest.raises(InvalidValueError, match="lacks nothing"):
        accept(pipeline, reason="why not", by="somebody")


def test_books_that_a_command_only_names_are_left_as_they_are(
    market: PaperMarket, tmp_path: Path
) -> None:
    with market.pipeline() as pipeline:
        publish(pipeline)
    other = f"sqlite:///{tmp_path / 'other.db'}"

    pipeline = connect({**market.environ, DB_URL: other})
    try:
        assert pipeline.halts() == ()
        assert head(pipeline.stores.database).seq == 0
    finally:
        pipeline.close()


def test_aud_3_a_stage_on_a_full_disk_stops_opening_also_once_there_is_room_again(
    market: PaperMarket,
) -> None:
    with market.pipeline() as pipeline:
        with full_disk(), pytest.raises(StorageError):
            pipeline.submit(Namespace.TRADE, owner="a test")
        first = latch_text(pipeline.panic_file)
        with full_disk(), pytest.raises(StorageError):
            pipeline.submit(Namespace.TRADE, owner="a test")

        assert first
        assert latch_text(pipeline.panic_file) == first, "each stage would call for panic anew"
        resting = resting_buy(pipeline)
        assert resting.kraken_order_id is None
    assert market.open_orders == []
