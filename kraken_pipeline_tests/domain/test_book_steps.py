"""What makes a book's position, step by step."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from kraken_pipeline.domain.book_steps import Step, walked
from kraken_pipeline.domain.lots import Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.renames import Conversion
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import fill

BOUGHT = fill(trade_id="T1", side=Side.BUY, qty=Qty(Decimal(3)), cost=Decimal(30))
BOOK, PAIR = BOUGHT.book, BOUGHT.pair
MOVED = Transfer(
    transfer_id="M1",
    pair=PAIR,
    from_book=BOOK,
    to_book="manual",
    qty=Qty(Decimal(1)),
    cost=Decimal(10),
    at=BOUGHT.at,
    reason="enlarged by hand",
)
RENAMED = Conversion(
    conversion_id="C1",
    book=BOOK,
    from_asset=Asset("XBT"),
    to_asset=Asset("NEW"),
    ratio=Decimal(10),
    effective_at=BOUGHT.at,
    from_pair=PAIR,
    to_pair="NEWUSD",
    qty=Qty(Decimal(2)),
    to_qty=Qty(Decimal(20)),
    cost=Decimal(20),
    at=BOUGHT.at + timedelta(hours=1),
)
STEPS: tuple[Step, ...] = (BOUGHT, MOVED, RENAMED)


def test_what_is_moved_at_the_instant_of_a_fill_was_bought_before() -> None:
    for steps in permutations(STEPS):
        told = [(step, int(position.qty)) for step, position in walked((BOOK, PAIR), steps)]

        assert told == [(BOUGHT, 3), (MOVED, 2), (RENAMED, 0)]


def test_what_came_from_another_book_or_name_brings_its_cost() -> None:
    [(_, manual)] = walked(("manual", PAIR), [MOVED])
    [(_, new)] = walked((BOOK, "NEWUSD"), [RENAMED])

    assert (manual.qty, manual.cost) == (Decimal(1), Decimal(10))
    assert (new.qty, new.cost) == (Decimal(20), Decimal(20))


def test_of_nothing_there_is_nothing() -> None:
    assert list(walked((BOOK, PAIR), [])) == []
