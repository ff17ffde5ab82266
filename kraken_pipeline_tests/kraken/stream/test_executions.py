from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.kraken.stream.executions import Executions
from kraken_pipeline.kraken.stream.frames import message_of
from kraken_pipeline.kraken.stream.news import FillNews, News, OrderNews, Source
from kraken_pipeline_tests.kraken.lines import SYMBOLS
from kraken_pipeline_tests.kraken.stream.recorded_frames import lines

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
Row = Mapping[str, object]


def executions(since: datetime = SINCE) -> Executions:
    return Executions(symbols=lambda: SYMBOLS, since=since)


def said(second: int, **fields: object) -> Row:
    return {
        "order_id": "O1",
        "exec_type": "new",
        "order_status": "new",
        "timestamp": f"2024-05-18T12:00:{second:02}.000000Z",
        **fields,
    }


def pending(second: int = 0, **fields: object) -> Row:
    return said(
        second,
        exec_type="pending_new",
        order_status="pending_new",
        **{
            "symbol": "BTC/USD",
            "side": "buy",
            "order_type": "limit",
            "order_qty": "0.30000000",
            "limit_price": "50000.0",
            "cl_ord_id": "ours",
            **fields,
        },
    )


def filling(number: int, *, cum: str, second: int | None = None, **fields: object) -> Row:
    told: dict[str, object] = {
        "exec_type": "trade",
        "order_status": "partially_filled",
        "exec_id": f"T{number}",
        "trade_id": number,
        "symbol": "BTC/USD",
        "side": "buy",
        "last_qty": "0.10000000",
        "last_price": "50000.0",
        "liquidity_ind": "m",
        "cost": "5000.00000",
        "fees": [{"asset": "USD", "qty": "8.00000"}],
        "cum_qty": cum,
        "avg_price": "50000.0",
        **fields,
    }
    return said(number if second is None else second, **told)


def ended(second: int, status: str, cum: str, reason: str = "") -> Row:
    return said(second, exec_type=status, order_status=status, cum_qty=cum, reason=reason)


LIFE = [
    pending(),
    said(1),
    filling(2, cum="0.10000000"),
    filling(3, cum="0.20000000"),
    filling(4, cum="0.30000000"),
    ended(5, "filled", "0.30000000"),
]
"""An order from its beginning to its end, filled by three."""


def heard(told: Executions, rows: list[Row], source: Source = Source.LIVE) -> list[News]:
    return [news for each in rows for news in told.hear(each, source)]


def fills(news: list[News]) -> list[str]:
    return [each.trade.trade_id for each in news if isinstance(each, FillNews)]


def states(news: list[News]) -> list[tuple[str, Decimal]]:
    return [
        (each.order.status, each.order.filled_qty) for each in news if isinstance(each, OrderNews)
    ]


def test_an_order_is_told_from_its_beginning_to_its_end() -> None:
    news = heard(executions(), LIFE)

    assert fills(news) == ["T2", "T3", "T4"]
    assert states(news) == [
        ("pending_new", Decimal(0)),
        ("new", Decimal(0)),
        ("partially_filled", Decimal("0.1")),
        ("partially_filled", Decimal("0.2")),
        ("partially_filled", Decimal("0.3")),
        ("filled", Decimal("0.3")),
    ]


def test_a_fill_has_our_names_and_exact_amounts() -> None:
    [_, fill, _] = heard(executions(), [pending(), filling(2, cum="0.10000000")])

    assert fill == FillNews(
        source=Source.LIVE,
        trade=TradeReport(
            trade_id="T2",
            kraken_order_id="O1",
            pair="XBTUSD",
            side=Side.BUY,
            price=Price(Decimal("50000.0")),
            qty=Qty(Decimal("0.10000000")),
            cost=Decimal("5000.00000"),
            fee=Decimal("8.00000"),
            maker=True,
            at=datetime(2024, 5, 18, 12, 0, 2, tzinfo=UTC),
        ),
    )


def test_a_short_row_keeps_what_was_said_before() -> None:
    told = executions()
    heard(told, [pending(), said(1)])

    order = told.order("O1")
    assert order is not None
    assert (order.cl_ord_id, order.pair, order.qty) == ("ours", "XBTUSD", Decimal("0.3"))


@given(st.lists(st.sampled_from(LIFE), max_size=12))
def test_however_rows_come_each_fill_is_told_once_and_nothing_turns_back(again: list[Row]) -> None:
    told = executions()
    news = heard(told, [*again, *LIFE])

    order = told.order("O1")
    amounts = [filled for _, filled in states(news)]
    assert sorted(fills(news)) == ["T2", "T3", "T4"]
    assert amounts == sorted(amounts)
    assert order is not None
    assert (order.status, order.filled_qty) == ("filled", Decimal("0.3"))


@given(st.permutations(LIFE), st.permutations(LIFE))
def test_a_second_telling_is_no_news(first: list[Row], second: list[Row]) -> None:
    told = executions()
    heard(told, first)

    assert heard(told, second, Source.SNAPSHOT) == []


def test_a_fill_after_the_cancel_is_told_and_the_end_stays() -> None:
    told = executions()
    rows = [pending(), ended(2, "canceled", "0.00000000"), filling(1, cum="0.10000000")]
    news = heard(told, rows)

    assert fills(news) == ["T1"]
    assert states(news)[-1] == ("canceled", Decimal("0.1"))


def test_filled_outdoes_canceled() -> None:
    told = executions()
    rows = [pending(), ended(1, "canceled", "0.00000000"), ended(2, "filled", "0.30000000")]

    assert states(heard(told, rows))[-1] == ("filled", Decimal("0.3"))


def test_an_amendment_is_news_and_an_older_one_is_not() -> None:
    told = executions()
    heard(told, [pending(), said(1)])
    newer = said(9, exec_type="amended", order_qty="0.50000000", limit_price="50001.0")
    older = said(5, exec_type="amended", order_qty="0.40000000", limit_price="50002.0")

    assert len(told.hear(newer, Source.LIVE)) == 1
    assert told.hear(older, Source.LIVE) == ()
    assert told.open_orders()["O1"].qty == Decimal("0.5")


def test_a_word_that_is_new_to_us_is_kept_and_ends_nothing() -> None:
    told = executions()
    news = heard(told, [pending(), said(1, exec_type="paused", order_status="paused")])

    assert states(news)[-1][0] == "paused"
    assert "O1" in told.open_orders()


def test_a_fill_of_a_snapshot_says_nothing_of_its_order() -> None:
    told = executions()
    row = {**filling(2, cum="0"), "order_status": "filled"}
    del row["cum_qty"]
    news = told.hear(row, Source.SNAPSHOT)

    assert [type(each) for each in news] == [FillNews]
    assert told.order("O1") is None


def test_a_fill_from_before_we_began_is_no_news() -> None:
    told = executions(since=datetime(2024, 5, 18, 12, 0, 3, tzinfo=UTC))

    assert fills(heard(told, LIFE)) == ["T3", "T4"]


def test_a_fill_that_cannot_be_read_leaves_nothing_behind() -> None:
    told = executions()
    with pytest.raises(UnexpectedReplyError, match="last_qty"):
        told.hear({**filling(2, cum="0.1"), "last_qty": None}, Source.LIVE)

    assert told.order("O1") is None
    assert fills(heard(told, [filling(2, cum="0.1")])) == ["T2"]


def test_a_fee_that_is_not_in_quote_is_left_to_rest() -> None:
    row = {**filling(2, cum="0.1"), "fees": [{"asset": "BTC", "qty": "0.0001"}]}

    with pytest.raises(UnexpectedReplyError, match="USD"):
        executions().hear(row, Source.LIVE)


def test_pages_of_rest_say_only_what_the_stream_did_not() -> None:
    told = executions()
    news = heard(told, LIFE[:4])
    trades = [each.trade for each in news if isinstance(each, FillNews)]
    missed = replace(trades[-1], trade_id="T4", at=trades[-1].at + timedelta(seconds=1))

    page = list(told.hear_trades([*trades, missed]))

    assert fills(page) == ["T4"]
    assert heard(told, [LIFE[4]])[0] == OrderNews(
        order=told.open_orders()["O1"], source=Source.LIVE
    )


def test_an_order_that_ended_unheard_is_told_by_rest() -> None:
    told = executions()
    heard(told, [pending(), said(1)])
    report = OrderReport(
        kraken_order_id="O1",
        cl_ord_id="ours",
        pair="XBTUSD",
        side=Side.BUY,
        order_type="limit",
        status="canceled",
        qty=Qty(Decimal("0.3")),
        filled_qty=Qty(Decimal("0.1")),
        limit_price=Decimal(50000),
        avg_fill_price=Price(Decimal(50000)),
        fee=Decimal(8),
        opened_at=SINCE,
        reason="User requested",
    )

    [news] = told.hear_orders([report])

    assert isinstance(news, OrderNews)
    assert (news.order.status, news.order.reason) == ("canceled", "User requested")
    assert told.hear_orders([report]) == ()


def test_every_recorded_row_is_read_or_named(recorded: Path) -> None:
    told = executions()
    odd = []
    rows = 0
    for frame in lines(recorded, "kasync_executions.jsonl"):
        for row in message_of(frame).data:
            rows += 1
            try:
                told.hear(row, Source.SNAPSHOT)
            except UnexpectedReplyError as failure:
                odd.append(str(failure))

    assert rows > 5
    assert odd == []


def fees(news: list[News]) -> list[Decimal | None]:
    return [each.order.fee for each in news if isinstance(each, OrderNews)]


def test_the_fees_of_an_order_are_those_of_its_fills() -> None:
    assert fees(heard(executions(), LIFE))[-1] == Decimal(24)


def test_fees_are_not_known_while_a_fill_is_missing() -> None:
    told = executions()
    [_, _, lost, *_] = LIFE
    before = heard(told, [each for each in LIFE if each is not lost])
    alone = heard(executions(), [LIFE[0], lost])
    [missing] = [each.trade for each in alone if isinstance(each, FillNews)]
    after = told.hear_trades([missing])

    assert fees(before)[-1] is None
    assert fees(list(after)) == [Decimal(24)]


def test_a_price_that_is_a_distance_is_no_price() -> None:
    [news] = heard(
        executions(),
        [
            pending(
                order_type="trailing-stop-limit",
                limit_price="5.0",
                limit_price_type="quote",
                triggers={"price": "2.0", "price_type": "pct"},
            )
        ],
    )

    assert isinstance(news, OrderNews)
    assert (news.order.limit_price, news.order.trigger_price) == (None, None)


def test_a_stop_is_told_with_its_trigger() -> None:
    triggers = {"price": "49000.0", "price_type": "static"}
    told = pending(order_type="stop-loss-limit", limit_price_type="static", triggers=triggers)
    [news] = heard(executions(), [told])

    assert isinstance(news, OrderNews)
    assert news.order.trigger_price == Decimal(49_000)
