from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.kraken.echoes import require_echo
from kraken_pipeline.kraken.terms import OrderType, PriceKind, PriceTerm, Reference, TimeInForce
from kraken_pipeline.kraken.tickets import Ticket

LIMIT = Ticket(
    pair="XBTUSD",
    side=Side.SELL,
    order_type=OrderType.LIMIT,
    qty=Qty(Decimal("0.5")),
    limit=PriceTerm.at(Decimal(21000)),
    time_in_force=TimeInForce.GTC,
    cl_ord_id="one",
)
STOP = replace(
    LIMIT,
    order_type=OrderType.STOP_LOSS_LIMIT,
    trigger=PriceTerm.at(Decimal(22000)),
    reference=Reference.LAST,
)
TRAILING = replace(
    STOP,
    order_type=OrderType.TRAILING_STOP,
    limit=None,
    trigger=PriceTerm(amount=Decimal(5), kind=PriceKind.PERCENT),
)
MARKET = replace(LIMIT, order_type=OrderType.MARKET, limit=None, time_in_force=None)
IN_CASH = replace(MARKET, side=Side.BUY, qty=None, cash=Decimal(15))
ICEBERG = replace(LIMIT, order_type=OrderType.ICEBERG, display_qty=Qty(Decimal("0.1")))


@pytest.mark.parametrize(
    ("ticket", "description"),
    [
        (LIMIT, "sell 0.50000000 XBTUSD @ limit 21000.0"),
        (LIMIT, "sell 0.5 XBTUSD @ limit 21000"),
        (STOP, "sell 0.50000000 XBTUSD @ stop loss 22000.0 -> limit 21000.0"),
        (TRAILING, "sell 0.50000000 XBTUSD @ trailing stop +5.0000%"),
        (MARKET, "sell 0.50000000 XBTUSD @ market"),
        (IN_CASH, "buy 15.00000 XBTUSD @ market"),
        (ICEBERG, "sell 0.50000000 XBTUSD @ limit 21000.0"),
    ],
)
def test_an_answer_that_describes_the_order_passes(ticket: Ticket, description: str) -> None:
    require_echo(ticket, description)


@pytest.mark.parametrize(
    ("ticket", "description"),
    [
        (LIMIT, ""),
        (LIMIT, "sell 0.5 XBTUSD @ limit"),
        (LIMIT, "buy 0.5 XBTUSD @ limit 21000.0"),
        (LIMIT, "sell x XBTUSD @ limit 21000.0"),
        (LIMIT, "sell 0.51 XBTUSD @ limit 21000.0"),
        (LIMIT, "sell 0.5 ETHUSD @ limit 21000.0"),
        (LIMIT, "sell 0.5 XBTUSD @ market"),
        (LIMIT, "sell 0.5 XBTUSD @ limit 21000.1"),
        (LIMIT, "sell 0.5 XBTUSD @ limit 21000.0 with 5:1 leverage"),
        (STOP, "sell 0.5 XBTUSD @ stop loss 22000.0"),
        (STOP, "sell 0.5 XBTUSD @ take profit 22000.0 -> limit 21000.0"),
        (STOP, "sell 0.5 XBTUSD @ stop loss 22000.0 -> limit 20000.0"),
        (ICEBERG, "sell 0.6 XBTUSD @ limit 21000.0"),
    ],
)
def test_an_answer_that_describes_another_order_is_not_ours(
    ticket: Ticket, description: str
) -> None:
    """F-SUB-11: after an order such an answer leaves its fate unknown."""
    with pytest.raises(UnexpectedReplyError, match="sent sell"):
        require_echo(ticket, description)
