from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.kraken.stream.hosted import AccountStream
from kraken_pipeline.kraken.stream.news import BalanceNews, FillNews, News, OrderNews, Source
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.kraken.stream.world import (
    HASTY,
    World,
    eventually,
    fill_ids,
    gaps,
    heard_until,
    statuses,
    world,
)

NUMBERS = count(1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("account")) as served:
        yield served


@pytest.fixture
def exchange(shared: World) -> Iterator[World]:
    shared.mend()
    shared.halts.clear()
    yield shared
    shared.mend()
    shared.trader.cancel_all()


def buying(**changes: object) -> Order:
    """Return a market order that fills at once, with an id of its own."""
    return order(
        **{
            "cl_ord_id": ClOrdId(f"buy-{next(NUMBERS)}"),
            "order_type": "market",
            "time_in_force": "IOC",
            "post_only": False,
            "qty": Qty(Decimal("0.0001")),
            **changes,
        }
    )


def resting(price: int = 20_000) -> Order:
    return buying(
        order_type="limit", time_in_force="GTC", post_only=True, limit_price=Price(Decimal(price))
    )


def bought(exchange: World, times: int, *, pair: str = "XBTUSD") -> list[str]:
    """Buy so often and return the ids of the fills, as REST shows them.

    The engine counts per pair, and takes 180 orders in a row of one.
    """
    since = exchange.now() - timedelta(seconds=1)

    def wanted() -> Order:
        return buying(pair=pair, qty=Qty(Decimal("0.01" if pair == "ETHUSD" else "0.0001")))

    ids = {
        exchange.trader.add(wanted(), deadline=exchange.deadline()).kraken_order_id
        for _ in range(times)
    }
    trades = exchange.account.trades(since=since)
    return sorted(each.trade_id for each in trades if each.kraken_order_id in ids)


def begun(stream: AccountStream) -> list[News]:
    """Return what a stream told until it had caught up."""
    return heard_until(stream, lambda _: stream.account.is_caught_up)


def test_a_fill_is_told_as_it_happens_with_order_and_balances(exchange: World) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        [fill] = bought(exchange, 1)
        news = heard_until(stream, lambda told: len(_totals(told)) >= 2)

    [told] = [each for each in news if isinstance(each, FillNews)]
    assert (told.trade.trade_id, told.source) == (fill, Source.LIVE)
    assert statuses(news, told.trade.kraken_order_id)[-1] == "filled"
    assert _totals(news).keys() == {"BTC", "USD"}


def test_a_fill_over_the_stream_says_what_rest_says_of_it(exchange: World) -> None:
    since = exchange.now()
    with exchange.account_stream(since=since) as stream:
        begun(stream)
        [fill] = bought(exchange, 1)
        news = heard_until(stream, lambda told: fill in fill_ids(told))

    [heard] = [each.trade for each in news if isinstance(each, FillNews)]
    [shown] = [each for each in exchange.account.trades(since=since) if each.trade_id == fill]
    assert heard == shown


def test_every_fill_of_a_gap_is_told_once(exchange: World) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        before = bought(exchange, 1)
        news = heard_until(stream, lambda told: fill_ids(told) == before)
        exchange.fault(Kind.REFUSED_CONNECTION, times=None)
        exchange.fault(Kind.CUT_SOCKET, "executions")
        missed = bought(exchange, 120)
        assert eventually(lambda: not stream.health().is_connected)
        exchange.mend()
        news += heard_until(stream, lambda told: len(fill_ids(told)) >= 120)
        after = bought(exchange, 1)
        news += heard_until(stream, lambda told: fill_ids(told)[-1:] == after)
        news += begun(stream)

    assert len(missed) == 120
    assert sorted(fill_ids(news)) == sorted([*before, *missed, *after])
    assert len(gaps(news)) == 1
    sources = [each.source for each in news if isinstance(each, FillNews)]
    assert sources.count(Source.SNAPSHOT) == 50
    assert sources.count(Source.PAGE) == 70
    orders = {
        each.trade.kraken_order_id
        for each in news
        if isinstance(each, FillNews) and each.trade.trade_id in missed
    }
    assert {statuses(news, each)[-1] for each in orders} == {"filled"}


@pytest.mark.parametrize("kind", [Kind.DUPLICATE_FRAME, Kind.SWAPPED_FRAMES, Kind.LOST_FRAME])
def test_frames_that_come_twice_late_or_never_cost_no_fill(exchange: World, kind: Kind) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        exchange.fault(kind, "executions", times=5)
        fills = bought(exchange, 6)
        news = heard_until(stream, lambda told: len(fill_ids(told)) >= 6)
        news += begun(stream)

    assert sorted(fill_ids(news)) == fills


def test_a_fill_that_rest_does_not_show_yet_is_told_once_it_does(exchange: World) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        exchange.fault(Kind.REFUSED_CONNECTION, times=None)
        exchange.fault(Kind.CUT_SOCKET, "executions")
        missed = bought(exchange, 60, pair="ETHUSD")
        assert eventually(lambda: not stream.health().is_connected)
        exchange.mend()
        exchange.fault(Kind.STALE_READ, "TradesHistory", seconds=30)
        news = heard_until(stream, lambda told: len(fill_ids(told)) >= 60)
        news += begun(stream)

    assert sorted(fill_ids(news)) == missed


def test_an_order_that_ended_in_a_gap_is_told_as_ended(exchange: World) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        placed = exchange.trader.add(resting(), deadline=exchange.deadline()).kraken_order_id
        heard_until(stream, lambda told: "new" in statuses(told, placed))
        exchange.fault(Kind.REFUSED_CONNECTION, times=None)
        exchange.fault(Kind.CUT_SOCKET, "executions")
        exchange.trader.cancel(placed)
        assert eventually(lambda: not stream.health().is_connected)
        exchange.mend()
        news = heard_until(stream, lambda told: "canceled" in statuses(told, placed))

        assert placed not in stream.account.open_orders()
    assert [each.source for each in news if isinstance(each, OrderNews)] == [Source.PAGE]


def test_an_order_that_was_placed_elsewhere_in_a_gap_is_told(exchange: World) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        exchange.fault(Kind.REFUSED_CONNECTION, times=None)
        exchange.fault(Kind.CUT_SOCKET, "executions")
        placed = exchange.trader.add(resting(), deadline=exchange.deadline()).kraken_order_id
        assert eventually(lambda: not stream.health().is_connected)
        exchange.mend()
        heard_until(stream, lambda told: statuses(told, placed) == ["new"])

        assert stream.account.open_orders().keys() == {placed}


def test_what_was_booked_before_is_not_told_again(exchange: World) -> None:
    old = bought(exchange, 3)
    since = exchange.now() + HASTY.rereading.overlap
    with exchange.account_stream(since=since) as stream:
        news = begun(stream)

    assert old
    assert fill_ids(news) == []


def test_a_refused_token_is_replaced(exchange: World) -> None:
    exchange.tokens.clear()
    exchange.fault(Kind.TOKEN_REFUSED, "executions")
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        bought(exchange, 1)
        heard_until(stream, lambda told: bool(fill_ids(told)))

    assert len(set(exchange.tokens)) == 2


def test_a_silent_private_socket_is_opened_anew(exchange: World) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        exchange.fault(Kind.SILENT_SOCKET, "executions")
        fills = bought(exchange, 1)
        news = heard_until(stream, lambda told: bool(fill_ids(told)))

    assert fill_ids(news) == fills
    assert "silent" in stream.health().last_loss


def test_a_reader_that_does_not_read_halts_and_loses_nothing(exchange: World) -> None:
    with exchange.account_stream(replace(HASTY, most_news=40), since=exchange.now()) as stream:
        begun(stream)
        fills = bought(exchange, 30)
        assert eventually(lambda: bool(exchange.halts))
        news = heard_until(stream, lambda told: len(fill_ids(told)) >= 30)

    assert sorted(fill_ids(news)) == fills
    assert len(gaps(news)) >= 1


def test_the_counter_of_the_engine_is_passed_on(exchange: World) -> None:
    exchange.counters.clear()
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        bought(exchange, 1)
        heard_until(stream, lambda told: bool(fill_ids(told)))

    assert {pair for pair, _ in exchange.counters} == {"XBTUSD"}


def _totals(news: Sequence[News]) -> dict[str, Decimal]:
    return {
        each.asset: each.total
        for each in news
        if isinstance(each, BalanceNews) and each.source is Source.LIVE
    }


def test_a_stream_says_since_when_it_tells(exchange: World) -> None:
    with exchange.account_stream(since=exchange.now()) as stream:
        begun(stream)
        first = stream.account.told_at
        stream.account.renew("to be told again")
        assert eventually(lambda: stream.account.told_at not in {None, first})
        begun(stream)
        again = stream.account.told_at

    assert 0 < (first or 0) < (again or 0)
