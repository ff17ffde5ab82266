from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.kraken.engine import Engine, Known, members
from kraken_pipeline.kraken.limits import SLACK, TIERS, Counter, Flight
from kraken_pipeline.kraken.news import learn, learn_refusal
from kraken_pipeline.simulator import engine_limits

STARTER = TIERS["starter"]
ADD = {"pair": "XBTUSD", "ordertype": "limit", "timeinforce": "GTC", "cl_ord_id": "ours"}
START = datetime(2026, 11, 2, tzinfo=UTC)


def known(touched: float = 0, pair: str = "XBTUSD", cl_ord_id: str = "") -> Known:
    return Known(pair=pair, touched=touched, seen=touched, cl_ord_id=cl_ord_id)


@pytest.mark.parametrize(
    ("age", "amend", "edit", "cancel"),
    [
        (0, 4, 7, 8),
        (4.9, 4, 7, 8),
        (5, 3, 6, 6),
        (10, 2, 5, 5),
        (15, 1, 3, 4),
        (45, 1, 2, 2),
        (90, 1, 1, 1),
        (300, 1, 1, 0),
    ],
)
def test_what_changes_a_young_order_costs_by_its_age(
    age: float, amend: float, edit: float, cancel: float
) -> None:
    engine = Engine(orders={"O1": known()})

    def cost(method: str) -> float:
        return engine.costs(method, {"txid": "O1"}, now=age).get("XBTUSD", 0)

    assert [cost(each) for each in ("AmendOrder", "EditOrder", "CancelOrder")] == [
        amend,
        edit,
        cancel,
    ]


def test_an_order_is_known_by_either_name() -> None:
    engine = Engine(orders={"O1": known(cl_ord_id="ours")})

    assert engine.costs("CancelOrder", {"cl_ord_id": "ours"}, now=0) == {"XBTUSD": 8}


def test_an_order_that_nobody_knows_is_taken_for_just_born() -> None:
    assert Engine().costs("AmendOrder", {"txid": "O9", "pair": "XBTUSD"}, now=0) == {"XBTUSD": 4}
    assert Engine().costs("CancelOrder", {"txid": "O9"}, now=0) == {}


def test_a_batch_costs_by_its_members() -> None:
    engine = Engine(orders={"O1": known(), "O2": known(pair="ETHUSD"), "O3": known(-100)})
    batch = {"pair": "XBTUSD", "orders": [{}, {}, {}]}

    assert engine.costs("AddOrderBatch", batch, now=0) == {"XBTUSD": 1.5}
    named = {"orders": ["O1", "O2"], "cl_ord_ids": ["none"]}
    assert engine.costs("CancelOrderBatch", named, now=0) == {"XBTUSD": 8, "ETHUSD": 8}
    assert engine.costs("CancelAll", {}, now=0) == {"XBTUSD": 9, "ETHUSD": 8}


def test_a_list_is_read_from_json_and_from_a_form() -> None:
    form = {"orders[0][price]": "1", "orders[0][volume]": "2", "orders[1][price]": "3"}

    assert len(members(form, "orders")) == 2
    assert members({"orders": ["a"]}, "orders") == ["a"]
    assert members({}, "orders") == []


def test_what_only_reads_or_arms_the_switch_costs_nothing() -> None:
    assert Engine().costs("Balance", {}, now=0) == {}
    assert Engine().costs("CancelAllOrdersAfter", {"timeout": "60"}, now=0) == {}


def test_the_worked_example_of_the_documents() -> None:
    """Add, amend after 7 s, cancel 36 s later: 1 + 3 + 4."""
    engine, total = Engine(), 0.0
    for method, params, now in (
        ("AddOrder", ADD, 0.0),
        ("AmendOrder", {"txid": "O1"}, 7.0),
        ("CancelOrder", {"txid": "O1"}, 43.0),
    ):
        total += sum(engine.costs(method, params, now=now).values())
        learn(engine, method, params, {"txid": ["O1"]}, now=now, asked_at=now)

    assert total == 8


def test_an_order_that_never_rests_is_not_open() -> None:
    engine = Engine()
    for number, change in enumerate([{"ordertype": "market"}, {"timeinforce": "IOC"}]):
        learn(engine, "AddOrder", {**ADD, **change}, {"txid": [f"O{number}"]}, now=0, asked_at=0)

    assert engine.orders == {}


def test_a_batch_tells_each_of_its_orders() -> None:
    engine = Engine()
    sent = {"pair": "XBTUSD", "orders": [{"cl_ord_id": "a"}, {"cl_ord_id": "b"}]}
    learn(
        engine,
        "AddOrderBatch",
        sent,
        {"orders": [{"error": "EOrder:Insufficient funds"}, {"txid": "O2"}]},
        now=0,
        asked_at=0,
    )

    assert engine.orders == {"O2": known(cl_ord_id="b")}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("CancelOrder", {"txid": "O1"}),
        ("CancelOrderBatch", {"orders": ["O1"]}),
        ("CancelAll", {}),
    ],
)
def test_what_is_canceled_is_not_open(method: str, params: dict[str, object]) -> None:
    engine = Engine(orders={"O1": known()})
    learn(engine, method, params, {"count": 1}, now=2, asked_at=1)

    assert engine.orders == {}


def test_an_order_that_came_after_a_cancel_of_all_left_is_still_open() -> None:
    engine = Engine(orders={"O1": known(0), "O2": known(3)})
    learn(engine, "CancelAll", {}, {"count": 1}, now=4, asked_at=2)

    assert set(engine.orders) == {"O2"}


def test_an_order_of_which_nothing_was_heard_costs_as_if_it_were_open() -> None:
    engine = Engine()
    engine.expect("AddOrder", ADD, "call", now=0)
    engine.depart("AddOrder", {"XBTUSD": 1}, "call", Flight(cost=1, since=0, pid=7))
    for now in (1, 20):
        engine.sweep(STARTER, now=now, alive=lambda pid: pid != 7)

    assert engine.costs("CancelAll", {}, now=21) == {"XBTUSD": 8}
    assert engine.costs("CancelAll", {}, now=26) == {"XBTUSD": 6}


def test_an_order_that_leaves_beside_a_cancel_of_all_may_be_canceled_by_it() -> None:
    engine = Engine()
    engine.depart("CancelAll", {}, "cancel", Flight(cost=0, since=0, pid=1))
    engine.expect("AddOrder", ADD, "add", now=1)
    assert engine.pairs["XBTUSD"].standing(1, STARTER.engine_decay) == 8

    engine.land("cancel", STARTER, now=2, counts=True)
    engine.expect("AddOrder", ADD, "later", now=3)

    assert engine.pairs["XBTUSD"].standing(2, STARTER.engine_decay) == 8
    assert engine.pairs["XBTUSD"].flights == {}


def test_an_order_that_was_refused_for_certain_costs_nothing_more() -> None:
    engine = Engine()
    engine.expect("AddOrderBatch", {"pair": "XBTUSD", "orders": [{}, {}]}, "call", now=0)
    assert len(engine.orders) == 2
    engine.settle("call", now=1, is_known=True)

    assert engine.orders == {}


def test_what_the_exchange_does_not_know_is_not_open() -> None:
    engine = Engine(orders={"O1": known()})
    learn_refusal(engine, "CancelOrder", {"txid": "O1"}, ["EOrder:Unknown order"])

    assert engine.orders == {}


def test_a_list_of_open_orders_corrects_ours_but_for_what_came_meanwhile() -> None:
    engine = Engine(orders={"gone": known(1), "new": known(6), "stays": known(1)})
    rows = {"stays": {}, "foreign": {"descr": {"pair": "ETHUSD"}, "cl_ord_id": "x"}}
    learn(engine, "OpenOrders", {}, {"open": rows}, now=7, asked_at=5)

    assert set(engine.orders) == {"new", "stays", "foreign"}
    assert engine.orders["stays"] == Known(pair="XBTUSD", touched=1, seen=7)
    assert engine.orders["foreign"].pair == "ETHUSD"


def test_a_list_of_some_open_orders_corrects_nothing() -> None:
    engine = Engine(orders={"O1": known(1)})
    learn(engine, "OpenOrders", {"cl_ord_id": "x"}, {"open": {}}, now=7, asked_at=5)

    assert set(engine.orders) == {"O1"}


@pytest.mark.parametrize("result", [None, 5, [], {"txid": 5}, {"orders": 1}, {"open": {"O": 1}}])
@pytest.mark.parametrize("method", ["AddOrder", "AddOrderBatch", "EditOrder", "OpenOrders"])
def test_an_answer_that_cannot_be_read_teaches_nothing(method: str, result: object) -> None:
    engine = Engine()
    learn(engine, method, {"orders": [1]}, result, now=0, asked_at=0)

    assert engine.orders == {}


def test_room_for_open_orders_is_counted_by_pair() -> None:
    engine = Engine(orders={f"O{number}": known() for number in range(59)})
    engine.orders["other"] = known(pair="ETHUSD")

    assert engine.room("XBTUSD", STARTER, now=0) == 1
    engine.expect("AddOrder", ADD, "call", now=0)
    assert engine.room("XBTUSD", STARTER, now=0) == 0
    assert engine.room("XBTUSD", STARTER, now=400) == 60


def test_what_is_full_lets_nothing_more_leave_for_a_while() -> None:
    engine = Engine()
    engine.fill(["XBTUSD"], STARTER, now=0)

    assert engine.wait({"XBTUSD": 1}, STARTER, now=0) == 1 + SLACK
    assert engine.wait({"ETHUSD": 1}, STARTER, now=0) == 0


def test_what_counts_nothing_any_more_is_forgotten() -> None:
    engine = Engine(pairs={"XBTUSD": Counter(level=5)}, orders={"O1": known()})
    engine.sweep(STARTER, now=301, alive=lambda pid: True)

    assert engine == Engine()


class Exchange:
    """What the exchange counts, on its own: the simulator's figures and its own memory of ages."""

    def __init__(self) -> None:
        self.counters = engine_limits.Counters(engine_limits.TIERS["starter"])
        self.touched: dict[str, datetime] = {}

    def act(self, method: str, order: str, at: datetime) -> None:
        cost = {
            "AddOrder": engine_limits.ADD,
            "AmendOrder": engine_limits.AMEND,
            "CancelOrder": engine_limits.CANCEL,
        }[method]
        aged = 0 if method == "AddOrder" else cost.of_age(at - self.touched[order])
        self.counters.charge("XBTUSD", cost.fixed + aged, at)
        if method == "CancelOrder":
            del self.touched[order]
        else:
            self.touched[order] = at


@dataclass
class Wire:
    """Client and exchange with a way between them."""

    engine: Engine = field(default_factory=Engine)
    exchange: Exchange = field(default_factory=Exchange)
    now: float = 0
    calls: int = 0

    def at(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        there = self.exchange.counters.value("XBTUSD", self.at())
        counter = self.engine.pairs.get("XBTUSD", Counter())
        assert counter.standing(self.now, STARTER.engine_decay) >= float(there) - 1e-3

    def call(self, method: str, order: str, there: float, back: float) -> None:
        params = {**ADD, "txid": order} if method == "AddOrder" else {"txid": order}
        self.calls += 1
        costs = self.engine.costs(method, params, now=self.now)
        self.engine.depart(method, costs, str(self.calls), Flight(cost=0, since=self.now, pid=1))
        self.passes(there)
        self.exchange.act(method, order, self.at())
        self.passes(back)
        self.engine.land(str(self.calls), STARTER, now=self.now, counts=True)
        learn(self.engine, method, params, {"txid": [order]}, now=self.now, asked_at=self.now)
        self.passes(0)


def pick(wire: Wire, which: int) -> Callable[[float, float], None]:
    """Return an act that makes sense now: an add, or an amend or a cancel of an open order."""
    resting = sorted(wire.exchange.touched)
    if not resting or which % 3 == 0:
        return lambda there, back: wire.call("AddOrder", f"O{wire.calls}", there, back)
    method = "AmendOrder" if which % 3 == 1 else "CancelOrder"
    return lambda there, back: wire.call(method, resting[which % len(resting)], there, back)


SECONDS = st.floats(0, 100, allow_nan=False)
WAYS = st.floats(0, 10, allow_nan=False)


@given(acts=st.lists(st.tuples(SECONDS, st.integers(0, 30), WAYS, WAYS), max_size=25))
def test_the_model_is_never_below_what_the_exchange_counts(
    acts: list[tuple[float, int, float, float]],
) -> None:
    wire = Wire()
    for pause, which, there, back in acts:
        wire.passes(pause)
        pick(wire, which)(there, back)


@pytest.mark.parametrize("name", list(TIERS))
def test_both_sides_have_the_same_tiers_from_their_own_readings(name: str) -> None:
    ours, theirs = TIERS[name], engine_limits.TIERS[name]

    assert (ours.engine_most, ours.open_orders) == (theirs.threshold, theirs.open_orders)
    assert ours.engine_decay == pytest.approx(float(theirs.decay))
