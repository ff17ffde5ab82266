"""What a strategy did, close by close, as the books keep it."""

from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.intents import Namespace, Outcome, Seen
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.orders import Fact
from kraken_pipeline.domain.parity import APPROVED, WAITING
from kraken_pipeline.domain.proofs import parameters_hash
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.courses import Recorded, course
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import (
    HOUR,
    LOOKUP,
    NOW,
    decision,
    event,
    fill,
    live,
    order,
    plan,
    verdict,
)

SECOND = timedelta(seconds=1)
SEEN = Seen(
    strategy="trend_core",
    panels={},
    held=frozenset(),
    parameters={"fast": "5"},
    state={},
    userref=None,
)


def found(database: Database) -> tuple[Recorded, ...]:
    return course(database, "trend", "1h")


def test_closes_are_given_in_order_with_what_names_the_parameters(database: Database) -> None:
    store = SqlDecisionStore(database)
    later = decision(
        closed_at=NOW + HOUR, outcome=Outcome.SKIPPED, reason="QUARANTINED: it raised", intents=()
    )
    for each in (later, decision("XBTUSD", seen=SEEN)):
        store.record(each, {})

    first, second = found(database)

    assert (first.close.closed_at, first.version) == (NOW, "1")
    assert (first.type, first.parameters) == ("trend_core", parameters_hash({"fast": 5}))
    assert first.close.skipped == ""
    assert (second.type, second.parameters) == (None, None)
    assert second.close.skipped == "QUARANTINED: it raised"


def test_what_others_did_and_what_was_only_tried_is_left_out(database: Database) -> None:
    store = SqlDecisionStore(database)
    store.record(decision("XBTUSD", strategy_id="other"), {})
    store.record(decision("XBTUSD", namespace=Namespace.RESEARCH), {})
    store.record(decision("XBTUSD", namespace=Namespace.REHEARSAL), {})

    assert found(database) == ()


def test_a_wish_has_the_answer_of_risk_or_waits_for_one(database: Database) -> None:
    made = decision("ADAUSD", "ETHUSD", "XBTUSD")
    SqlDecisionStore(database).record(made, {})
    _, denied, approved = made.intents
    refused = verdict(denied, Objection("SPREAD", "x=1"), Objection("CASH", "y=2"))
    with SqlOrderStore(database).assessing() as assessment:
        assessment.keep(plan(verdict(approved), refused), [order(approved)])

    [only] = found(database)

    answers = {each.pair: (each.answer, each.price) for each in only.close.wishes}
    assert answers == {
        "ADAUSD": (WAITING, None),
        "ETHUSD": ("CASH+SPREAD", None),
        "XBTUSD": (APPROVED, None),
    }


def test_a_wish_has_what_its_order_traded_and_how_long_that_took(database: Database) -> None:
    resting = live(database)
    seen = event(Fact.FILLED_SEEN, filled_qty=resting.qty, avg_fill_price=Price(Decimal(60_050)))
    SqlOrderStore(database).record(resting, seen)
    traded = fill("T1", kraken_order_id=resting.kraken_order_id, at=NOW + 9 * SECOND)
    SqlBookStore(database).book([traded], [], LOOKUP)

    [only] = found(database)

    [wish] = only.close.wishes
    assert wish.filled == resting.qty
    assert (wish.price, wish.after) == (Decimal(60_050), 9 * SECOND)
