import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.quotes import LivePrice, PairFeed, QuoteBoard
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.store.quotes import NAME, QuoteFile

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
AMOUNTS = st.decimals("1e-12", "1e12", places=12, allow_nan=False)


def board(bid: Decimal = Decimal("100.10"), *, pairs: int = 1) -> QuoteBoard:
    price = LivePrice(
        pair="XBTUSD",
        bid=bid,
        ask=bid + 1,
        last=None,
        source="book",
        event_at=NOW,
        received_at=NOW,
        age=timedelta(seconds=1, microseconds=5),
        doubts=frozenset({Doubt.FROZEN, Doubt.CHECKSUM}),
    )
    feed = PairFeed(
        price=price,
        status="online",
        doubts=price.doubts,
        gaps=1,
        checksum_failures=2,
        is_untradable=False,
    )
    return QuoteBoard(
        at=NOW,
        pairs={f"P{number}": feed for number in range(pairs)},
        system="online",
        connects=3,
        closed_at=NOW,
    )


@given(bid=AMOUNTS)
def test_what_is_read_is_what_was_written_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, bid: Decimal
) -> None:
    file = QuoteFile(tmp_path_factory.mktemp("quotes"))
    file.write(board(bid))

    assert file.read() == board(bid)


def test_there_is_none_before_it_is_written_and_after_it_is_removed(tmp_path: Path) -> None:
    file = QuoteFile(tmp_path)
    before = file.read()
    file.write(board())
    file.remove()

    assert (before, file.read()) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_never_sees_half_a_board(tmp_path: Path) -> None:
    file, is_over = QuoteFile(tmp_path), threading.Event()
    small, large = board(pairs=1), replace(board(pairs=200), connects=9)
    file.write(small)

    def write() -> None:
        while not is_over.is_set():
            file.write(large)
            file.write(small)

    writer = threading.Thread(target=write)
    writer.start()
    seen = {len(told.pairs) for _ in range(100) if (told := file.read()) is not None}
    is_over.set()
    writer.join()

    assert seen <= {1, 200}


def test_what_is_no_board_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"at":1}')

    with pytest.raises(StorageError, match="is no board"):
        QuoteFile(tmp_path).read()


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        QuoteFile(tmp_path / "gone").write(board())
