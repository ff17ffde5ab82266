"""Holdings under a new name: carried over once the account shows it, with cost and halts."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from kraken_pipeline.domain.halts import HaltKind, Scope
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.protections import SqlProtectionStore
from kraken_pipeline_tests.services.paper import Paper
from kraken_pipeline_tests.services.renamed import Renamed


def bought(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()


def held(desk: Paper) -> Mapping[str, Position]:
    return {each.pair: each for each in desk.stores.books.positions() if each.qty}


@pytest.mark.parametrize("ratio", ["1", "1000", "0.01"])
def test_a_holding_goes_on_under_the_new_pair_with_its_cost(desk: Paper, ratio: str) -> None:
    bought(desk)
    before = held(desk)["XBTUSD"]
    Renamed(desk=desk, ratio=Decimal(ratio)).book()

    [after] = held(desk).values()
    assert (after.pair, after.book) == ("NEWUSD", before.book)
    assert (after.qty, after.cost) == (before.qty * Decimal(ratio), before.cost)
    assert verify(desk.stores.database).faults == ()


def test_a_second_look_carries_nothing_over_again(desk: Paper) -> None:
    bought(desk)
    renamed = Renamed(desk=desk, ratio=Decimal(1000))
    renamed.book()
    first = held(desk)
    desk.turn(minutes=1)
    renamed.book()

    assert held(desk) == first


def test_an_alias_alone_moves_nothing_while_the_account_has_the_old_asset(desk: Paper) -> None:
    bought(desk)
    Renamed(desk=desk, ratio=Decimal(1), is_converted=False).book()

    assert list(held(desk)) == ["XBTUSD"]


def test_what_a_person_stopped_stays_stopped_under_the_new_name(desk: Paper) -> None:
    bought(desk)
    for scope in ("pair:XBTUSD", "asset:XBT"):
        desk.stores.halts.latch(
            HaltKind.OPERATOR, reason="mine", at=desk.clock(), by="me", scope=Scope.of(scope)
        )
    Renamed(desk=desk, ratio=Decimal(1)).book()

    scopes = {str(each.scope) for each in desk.stores.halts.latched()}
    assert scopes == {"pair:XBTUSD", "pair:NEWUSD", "asset:XBT", "asset:NEW"}


def test_a_trade_that_is_read_again_keeps_the_name_under_which_it_was_booked(desk: Paper) -> None:
    bought(desk)
    renamed = Renamed(desk=desk, ratio=Decimal(1))
    renamed.book()
    # the same trades are told once more, now by the letters of a pair that nobody lists
    desk.turn(minutes=1)
    renamed.book()

    assert [each.pair for each in desk.stores.books.fills_after(None)] == ["XBTUSD"]


def test_a_stop_follows_the_holding_with_its_distance_and_its_price(desk: Paper) -> None:
    bought(desk)
    protections = SqlProtectionStore(desk.stores.database)
    before = protections.entry("trend@1h", "XBTUSD")
    Renamed(desk=desk, ratio=Decimal(1000)).book()
    after = protections.entry("trend@1h", "NEWUSD")

    assert before is not None
    assert after is not None
    assert before.avg_fill_price is not None
    assert (after.pair, after.base, after.intent_id) == ("NEWUSD", "NEW", before.intent_id)
    assert after.avg_fill_price == before.avg_fill_price / 1000
    assert (after.qty, after.stop_distance) == (before.qty * 1000, before.stop_distance)
    with desk.stores.orders.assessing() as assessment:
        distances = assessment.stop_distances()
    assert distances["trend@1h", "NEWUSD"] == distances["trend@1h", "XBTUSD"]
