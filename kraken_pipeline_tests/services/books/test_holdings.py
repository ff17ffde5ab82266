"""What is held, as people read it: what is not known is left out, never taken for zero."""

from decimal import Decimal

from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.services.books.holdings import positions_by_asset, positions_by_book
from kraken_pipeline_tests.builders import snapshot
from kraken_pipeline_tests.domain.accounting.lives import ETH, XBT, figures
from kraken_pipeline_tests.services.kept import Kept, came, desk, read, valued


def test_a_price_that_nobody_knows_leaves_value_and_gain_out() -> None:
    kept = Kept(
        snapshots=(read(5, valued(ETH, "3", None), valued(XBT, "1", "150")),),
        moves=(*came("ETH", "3", hours=1, name="L1"), *came("XBT", "1", hours=2, name="L2")),
    )

    eth, xbt = positions_by_asset(desk(kept))

    assert figures(eth.value, eth.unrealised, eth.average_cost, eth.quality) == (
        None,
        None,
        None,
        "none",
    )
    assert eth.incomplete
    assert figures(xbt.value, xbt.unrealised, xbt.average_cost) == (150, 50, 100)


def test_a_pair_that_is_not_listed_has_no_price_and_its_position_is_shown() -> None:
    gone = Position(book="manual", pair="OLDUSD", qty=Qty(Decimal(2)), cost=Decimal(10))
    held = Position(book="manual", pair="XBTUSD", qty=Qty(Decimal(2)), cost=Decimal(150))
    told = snapshot(valuations=(valued(XBT, "2", "100"),), positions=(gone, held))

    first, second = positions_by_book(desk(Kept(snapshots=(told,))))

    assert figures(first.value, first.unrealised, first.average_cost) == (None, None, 5)
    assert figures(second.value, second.unrealised) == (200, 50)
