import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import (
    InvalidValueError,
    OrderRefusedError,
    OutcomeUnknownError,
    RefusedError,
    UnknownNameError,
    UnreachableError,
)
from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.kraken.audit import UNAUDITED, AuditLog
from kraken_pipeline.kraken.budget import UNLIMITED, Reservation
from kraken_pipeline.kraken.failures import Heard
from kraken_pipeline.kraken.limits import Params
from kraken_pipeline.kraken.stream.desk import Bookkeeping
from kraken_pipeline.kraken.stream.hosted import AccountStream
from kraken_pipeline.kraken.stream.trading import StreamTrader, StreamValidator
from kraken_pipeline.services.ports.gateway import Gateway
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.kraken.stream.world import World, eventually, world


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, AccountStream]]:
    with world(tmp_path_factory.mktemp("trading")) as served, served.account_stream() as stream:
        yield served, stream


@pytest.fixture
def exchange(shared: tuple[World, AccountStream]) -> Iterator[World]:
    served, stream = shared
    served.mend()
    assert eventually(lambda: stream.health().is_connected)
    yield served
    served.mend()
    served.trader.cancel_all()


@pytest.fixture
def trader(exchange: World, shared: tuple[World, AccountStream]) -> StreamTrader:
    return exchange.stream_trader(shared[1])


@pytest.fixture
def validator(exchange: World, shared: tuple[World, AccountStream]) -> StreamValidator:
    return exchange.stream_validator(shared[1])


def resting(name: str = "ours", price: int = 20_000, **changes: object) -> Order:
    return order(
        **{
            "cl_ord_id": ClOrdId(name),
            "qty": Qty(Decimal("0.00100000")),
            "limit_price": Price(Decimal(price)),
            "post_only": True,
            "time_in_force": "GTC",
            **changes,
        }
    )


def open_orders(exchange: World) -> dict[str, OrderReport]:
    return {each.kraken_order_id: each for each in exchange.account.open_orders()}


def test_both_fit_where_an_order_goes(trader: StreamTrader, validator: StreamValidator) -> None:
    gateways: list[Gateway] = [trader, validator]

    assert len(gateways) == 2


def test_an_order_rests_as_it_was_asked_for(exchange: World, trader: StreamTrader) -> None:
    placed = trader.add(resting(), deadline=exchange.deadline())

    [shown] = exchange.account.open_orders("ours")
    assert shown.kraken_order_id == placed.kraken_order_id
    assert (shown.qty, shown.limit_price, shown.pair) == (
        Decimal("0.001"),
        Decimal(20_000),
        "XBTUSD",
    )


def test_what_is_written_down_first_is_what_is_sent(exchange: World, trader: StreamTrader) -> None:
    deadline = exchange.deadline()

    assert trader.request_of(resting(), deadline=deadline) == {
        "symbol": "BTC/USD",
        "order_type": "limit",
        "side": "buy",
        "order_qty": "0.001",
        "limit_price": "20000",
        "time_in_force": "gtc",
        "post_only": "true",
        "fee_preference": "quote",
        "stp_type": "cancel_newest",
        "cl_ord_id": "ours",
        "deadline": deadline.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def test_an_amendment_keeps_the_order(exchange: World, trader: StreamTrader) -> None:
    placed = trader.add(resting(), deadline=exchange.deadline())
    wanted = Amendment(qty=Qty(Decimal("0.002")), limit_price=Price(Decimal(20_001)))
    amended = trader.amend(placed.kraken_order_id, wanted, deadline=exchange.deadline())

    [shown] = open_orders(exchange).values()
    assert amended.kraken_order_id == shown.kraken_order_id == placed.kraken_order_id
    assert (shown.qty, shown.limit_price) == (Decimal("0.002"), Decimal(20_001))


def test_a_canceled_order_is_gone_and_not_canceled_twice(
    exchange: World, trader: StreamTrader
) -> None:
    placed = trader.add(resting(), deadline=exchange.deadline())
    trader.cancel(placed.kraken_order_id)

    assert open_orders(exchange) == {}
    with pytest.raises(OrderRefusedError, match="Unknown order"):
        trader.cancel(placed.kraken_order_id)


def test_a_batch_says_what_became_of_each(exchange: World, trader: StreamTrader) -> None:
    batch = [
        resting("one"),
        resting("large", qty=Qty(Decimal(10_000))),
        resting("two", price=20_001),
    ]
    first, refused, last = trader.add_batch(batch, deadline=exchange.deadline())

    assert isinstance(refused, OrderRefusedError)
    assert not isinstance(first, OrderRefusedError)
    assert not isinstance(last, OrderRefusedError)
    assert open_orders(exchange).keys() == {first.kraken_order_id, last.kraken_order_id}


def test_everything_is_canceled_at_once_and_counted(exchange: World, trader: StreamTrader) -> None:
    for number in range(3):
        trader.add(resting(f"n{number}", 20_000 + number), deadline=exchange.deadline())

    assert trader.cancel_all() == 3
    assert open_orders(exchange) == {}


def test_the_timer_is_set_and_turned_off(exchange: World, trader: StreamTrader) -> None:
    armed = trader.cancel_all_after(60)

    assert armed is not None
    assert timedelta(seconds=55) < armed - exchange.now() <= timedelta(seconds=61)
    assert trader.cancel_all_after(0) is None
    with pytest.raises(InvalidValueError, match="86400"):
        trader.cancel_all_after(86_400)


def test_a_refused_order_is_refused_for_good(exchange: World, trader: StreamTrader) -> None:
    with pytest.raises(OrderRefusedError, match="Insufficient funds"):
        trader.add(resting(qty=Qty(Decimal(10_000))), deadline=exchange.deadline())


@pytest.mark.parametrize(
    ("kind", "exists"), [(Kind.CUT_BEFORE_ACK, True), (Kind.CUT_BEFORE_EFFECT, False)]
)
def test_an_order_without_an_answer_may_exist_and_is_sent_once(
    exchange: World, trader: StreamTrader, kind: Kind, *, exists: bool
) -> None:
    asked_before = exchange.served.service.faults.log()
    exchange.fault(kind, "add_order")
    with pytest.raises(OutcomeUnknownError, match="may"):
        trader.add(resting("unknown"), deadline=exchange.deadline())

    assert len(exchange.served.service.faults.log()) == len(asked_before) + 1
    found = exchange.account.open_orders("unknown")
    assert [each.cl_ord_id for each in found] == (["unknown"] if exists else [])


def test_without_a_connection_nothing_is_sent(exchange: World) -> None:
    stream = exchange.account_stream()
    with pytest.raises(UnreachableError, match="nothing was sent"):
        exchange.stream_trader(stream).add(resting(), deadline=exchange.deadline())

    assert open_orders(exchange) == {}


def test_a_pair_that_is_not_listed_is_not_asked_for(exchange: World, trader: StreamTrader) -> None:
    with pytest.raises(UnknownNameError, match="NOPE"):
        trader.add(resting(pair="NOPE"), deadline=exchange.deadline())


def test_a_check_places_nothing(exchange: World, validator: StreamValidator) -> None:
    deadline = exchange.deadline()
    checked = validator.add(resting(), deadline=deadline)
    batch = validator.add_batch([resting("a"), resting("b")], deadline=deadline)

    assert "checked" in checked.description
    assert len(batch) == 2
    assert open_orders(exchange) == {}
    assert validator.request_of(resting(), deadline=deadline)["validate"] == "true"


def test_a_validator_changes_and_cancels_nothing(
    exchange: World, trader: StreamTrader, validator: StreamValidator
) -> None:
    placed = trader.add(resting(), deadline=exchange.deadline()).kraken_order_id
    with pytest.raises(RefusedError):
        validator.cancel(placed)
    with pytest.raises(RefusedError):
        validator.amend(placed, Amendment(qty=Qty(Decimal(1))), deadline=exchange.deadline())

    assert open_orders(exchange).keys() == {placed}


def test_a_check_without_an_answer_may_be_repeated(
    exchange: World, validator: StreamValidator
) -> None:
    exchange.fault(Kind.CUT_BEFORE_ACK, "add_order")
    with pytest.raises(UnreachableError, match="asked again"):
        validator.add(resting(), deadline=exchange.deadline())


class Noting:
    """A budget that lets everything leave and notes how it was told of it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    def reserve(self, method: str, params: Params) -> Reservation:
        return UNLIMITED.reserve(method, params)

    def still_fits(self, reservation: Reservation) -> bool:
        return UNLIMITED.still_fits(reservation)

    def settle(self, reservation: Reservation, heard: Heard) -> None:
        said = heard.result if heard.failure is None else heard.failure.kind.value
        self.told.append((reservation.method, said))


def test_the_budget_of_rest_counts_what_goes_over_the_stream(
    exchange: World, shared: tuple[World, AccountStream]
) -> None:
    budget = Noting()
    books = Bookkeeping(budget=budget, audit=UNAUDITED)
    trader = StreamTrader(shared[1], symbols=exchange.symbols, books=books)
    placed = trader.add(resting(), deadline=exchange.deadline()).kraken_order_id
    with pytest.raises(OrderRefusedError):
        trader.cancel("OAAAAA-AAAAA-AAAAAA")
    trader.cancel_all()

    assert budget.told == [
        ("AddOrder", {"txid": placed}),
        ("CancelOrder", "refused, order"),
        ("CancelAll", {"count": 1}),
    ]


def test_what_leaves_and_what_comes_back_is_kept_without_the_token(
    exchange: World, shared: tuple[World, AccountStream], tmp_path: Path
) -> None:
    audit = AuditLog(tmp_path, "key", clock=lambda: 1_700_000_000_000_000)
    books = Bookkeeping(budget=UNLIMITED, audit=audit)
    trader = StreamTrader(shared[1], symbols=exchange.symbols, books=books)
    placed = trader.add(resting(), deadline=exchange.deadline())

    text = (tmp_path / "audit-key.jsonl").read_text()
    left, arrived = [json.loads(line) for line in text.splitlines()]
    assert (left["event"], left["params"]["cl_ord_id"]) == ("leaving", "ours")
    assert (arrived["event"], arrived["kind"]) == ("arrived", "done")
    assert placed.kraken_order_id in arrived["body"]
    assert not any(token in text for token in exchange.tokens)
