import json
from datetime import timedelta

from kraken_pipeline.domain.orders import Event, Fact
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy
from kraken_pipeline_tests.store.builders import LEASE, order, plan, verdict
from kraken_pipeline_tests.store.builders import decision as decided

FAR_OFF = {"pair": "XDGUSD", "type": "buy", "ordertype": "limit", "volume": "100", "price": "0.01"}


def begun(pipeline: Pipeline) -> None:
    """Leave an order whose sender died before the request was written to the wire."""
    now, orders = pipeline.clock(), pipeline.stores.orders
    wished = decided("ADAUSD", closed_at=MOMENT.replace(second=0), decided_at=now)
    [intent] = wished.intents
    planned = order(intent, plan="P1", created_at=now, updated_at=now)
    pipeline.stores.decisions.record(wished, {})
    with orders.assessing() as assessment:
        assessment.keep(plan(verdict(intent)), [planned])
    epoch = orders.take_lease(LEASE, owner="a", now=now, length=timedelta(seconds=30))
    started = Event(fact=Fact.SEND_STARTED, at=now, source="a test", deadline=now)
    orders.record(planned, started, epoch=epoch)


def test_a_fresh_account_agrees_and_its_books_are_read(
    command: Command, market: PaperMarket
) -> None:
    said = command("reconcile", environ=market.environ)

    assert said.code == 0
    assert said.out.splitlines()[-1] == "clean; 0 orders of ours at the exchange"


def test_books_and_exchange_that_agree_are_said_to(command: Command, market: PaperMarket) -> None:
    command("reconcile", environ=market.environ)

    said = command("reconcile", environ=market.environ)

    assert said.out.splitlines()[0] == "books and exchange agree"


def test_by_hand_a_document_is_printed_for_programs(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)
    pipeline.edge.gateway._line.call("AddOrder", FAR_OFF, call=Call.WRITE)  # type: ignore[attr-defined]  # of the client

    said = command("reconcile", "--full", "--json", environ=market.environ)

    told = json.loads(said.out)
    assert (said.code, told["outcome"], told["read_books"]) == (0, "clean", True)
    assert (told["at_exchange"], told["orders"]) == (1, {"live": 1})
    assert [each["pair"] for each in told["foreign"]] == ["XDGUSD"]
    assert [each["kind"] for each in told["findings"]] == ["foreign_new"]
    assert len(market.open_orders) == 2


def test_an_order_of_unknown_fate_ends_with_its_own_code(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    begun(pipeline)
    market.turn(MOMENT + timedelta(seconds=1))

    said = command("reconcile", environ=market.environ)

    assert said.code == 5
    assert said.out.splitlines()[-1] == (
        "nothing repaired; 1 order of unknown fate; 0 orders of ours at the exchange"
    )


def test_a_difference_ends_with_its_own_code_and_says_what_follows(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting = resting_buy(pipeline)
    wrong = Event(fact=Fact.CANCELED_SEEN, at=pipeline.clock(), source="a wrong reply")
    pipeline.stores.orders.record(resting, wrong)
    market.turn(MOMENT + timedelta(minutes=3))

    said = command("reconcile", environ=market.environ)

    assert said.code == 6
    assert "contradiction" in said.out
    assert "clean passes needed before anything opens: 2" in said.out


def test_an_exchange_that_does_not_answer_is_said_to(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("reconcile", environ=fresh)

    assert said.code == 7
    assert said.out == ""
