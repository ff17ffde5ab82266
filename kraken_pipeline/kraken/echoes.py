"""Holding an answer against what was asked: one that describes another order is not ours."""

from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.fields import exact
from kraken_pipeline.kraken.terms import OrderType, PriceTerm
from kraken_pipeline.kraken.tickets import Ticket

WORDS: Final = MappingProxyType(
    {
        OrderType.MARKET: "market",
        OrderType.LIMIT: "limit",
        OrderType.STOP_LOSS: "stop loss",
        OrderType.STOP_LOSS_LIMIT: "stop loss",
        OrderType.TAKE_PROFIT: "take profit",
        OrderType.TAKE_PROFIT_LIMIT: "take profit",
        OrderType.TRAILING_STOP: "trailing stop",
        OrderType.TRAILING_STOP_LIMIT: "trailing stop",
    }
)
"""Order type to Kraken's words for it. Its words for an iceberg are not known."""

Part = str | Decimal | None
"""A word, a number whatever its zeros, or None for what Kraken may write in another way."""


def require_echo(ticket: Ticket, description: str) -> None:
    """Let an answer pass if it describes the order that was sent (F-SUB-11).

    Args:
        ticket: that was sent.
        description: `buy 0.00005000 XBTUSD @ limit 30000.0`, as Kraken writes it.

    Raises:
        UnexpectedReplyError: it describes another order; ours may exist or not.
    """
    said = description.split()
    wanted = _parts(ticket)
    fits = len(said) >= len(wanted) and all(map(_agrees, wanted, said))
    # spot only: nothing of ours is ever bought with borrowed money
    if not fits or "leverage" in said:
        raise UnexpectedReplyError(
            f"sent {' '.join('…' if each is None else str(each) for each in wanted)}, "
            f"Kraken answers {description[:200]!r}"
        )


def _parts(ticket: Ticket) -> list[Part]:
    head: list[Part] = [ticket.side.value, ticket.qty, ticket.pair, "@"]
    if ticket.order_type not in WORDS:
        return head
    terms = [each for each in (ticket.trigger, ticket.limit) if each is not None]
    prices: list[Part] = []
    for each in terms:
        prices += ["->", "limit", _number(each)] if prices else [_number(each)]
    return [*head, *WORDS[ticket.order_type].split(), *prices]


def _number(term: PriceTerm) -> Decimal | None:
    return None if term.is_distance else term.amount


def _agrees(wanted: Part, said: str) -> bool:
    if isinstance(wanted, Decimal):
        return exact(said) == wanted
    return wanted is None or said == wanted
