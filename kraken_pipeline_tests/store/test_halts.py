import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.halts import EVERYTHING, HaltKind, Scope, ScopeKind
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline_tests.store.builders import HOUR, NOW


@pytest.fixture
def halts(database: Database) -> SqlHaltStore:
    return SqlHaltStore(database)


def test_a_latched_halt_survives_a_restart(halts: SqlHaltStore, url: str) -> None:
    halts.latch(HaltKind.DRIFT, reason="ZUSD differs", at=NOW, by="portfolio")
    restarted = connect(url)
    [halt] = SqlHaltStore(restarted).latched()
    restarted.close()

    assert (halt.kind, halt.reason) == (HaltKind.DRIFT, "ZUSD differs")
    assert (halt.latched_at, halt.latched_by) == (NOW, "portfolio")


def test_a_kind_is_latched_once(halts: SqlHaltStore) -> None:
    first = halts.latch(HaltKind.DRIFT, reason="a", at=NOW, by="x")
    again = halts.latch(HaltKind.DRIFT, reason="b", at=NOW, by="x")
    other = halts.latch(HaltKind.OPERATOR, reason="c", at=NOW, by="x")

    assert (first, again, other) == (True, False, True)
    assert [each.reason for each in halts.latched()] == ["a", "c"]


def test_clearing_clears_all_and_says_how_many(halts: SqlHaltStore) -> None:
    halts.latch(HaltKind.DRIFT, reason="a", at=NOW, by="x")
    halts.latch(HaltKind.OPERATOR, reason="b", at=NOW, by="x")

    assert halts.clear(reason="looked", at=NOW + HOUR, by="me") == 2
    assert halts.latched() == ()
    assert halts.clear(reason="looked", at=NOW + HOUR, by="me") == 0


def test_a_cleared_kind_can_be_latched_again(halts: SqlHaltStore) -> None:
    halts.latch(HaltKind.DRIFT, reason="a", at=NOW, by="x")
    halts.clear(reason="looked", at=NOW, by="me")

    assert halts.latch(HaltKind.DRIFT, reason="b", at=NOW, by="x")
    assert [each.reason for each in halts.latched()] == ["b"]


def test_clearing_needs_a_reason(halts: SqlHaltStore) -> None:
    halts.latch(HaltKind.DRIFT, reason="a", at=NOW, by="x")

    with pytest.raises(InvalidValueError, match="with a reason"):
        halts.clear(reason=" ", at=NOW, by="me")
    assert len(halts.latched()) == 1


PAIR = Scope(kind=ScopeKind.PAIR, name="XBTUSD")


def test_a_kind_is_latched_once_for_each_scope(halts: SqlHaltStore) -> None:
    latched = [
        halts.latch(HaltKind.OPERATOR, reason="a", at=NOW, by="x", scope=scope)
        for scope in (EVERYTHING, PAIR, PAIR)
    ]

    assert latched == [True, True, False]
    assert [each.scope for each in halts.latched()] == [EVERYTHING, PAIR]
    assert all(each.action for each in halts.latched())


def test_clearing_one_scope_leaves_the_others(halts: SqlHaltStore) -> None:
    for scope in (EVERYTHING, PAIR):
        halts.latch(HaltKind.OPERATOR, reason="a", at=NOW, by="x", scope=scope)

    assert halts.clear(reason="looked", at=NOW, by="me", scope=PAIR) == 1
    assert [each.scope for each in halts.latched()] == [EVERYTHING]


def test_halts_of_a_kind_are_switched_together_and_those_that_stand_stay(
    halts: SqlHaltStore,
) -> None:
    one, two, three = (Scope(kind=ScopeKind.PAIR, name=each) for each in ("A", "B", "C"))
    halts.latch(HaltKind.OPERATOR, reason="mine", at=NOW, by="me", scope=three)

    def switched(on: dict[Scope, str], off: dict[Scope, str]) -> dict[str, tuple[str, object]]:
        halts.switch(HaltKind.RESTRICTED, on=on, off=off, at=NOW + HOUR, by="x")
        found = [each for each in halts.latched() if each.kind is HaltKind.RESTRICTED]
        return {each.scope.name: (each.reason, each.halt_id) for each in found}

    first = switched({one: "a", two: "b"}, {three: "over"})
    second = switched({one: "a", two: "c"}, {})
    third = switched({}, {one: "over", two: "over"})

    assert {name: reason for name, (reason, _) in first.items()} == {"A": "a", "B": "b"}
    assert second["A"] == first["A"]
    assert second["B"][0] == "c"
    assert third == {}
    assert [each.reason for each in halts.latched()] == ["mine"]


def test_when_somebody_else_cleared_a_kind_last_is_told_by_scope(halts: SqlHaltStore) -> None:
    ether = Scope(kind=ScopeKind.ASSET, name="ETH")
    for hours, by in enumerate(["me", "you", "portfolio"]):
        halts.latch(HaltKind.UNEXPLAINED, reason="a", at=NOW, by="portfolio", scope=ether)
        halts.clear(reason="looked", at=NOW + hours * HOUR, by=by)

    assert halts.cleared(HaltKind.UNEXPLAINED, not_by="portfolio") == {ether: NOW + HOUR}
    assert halts.cleared(HaltKind.DRIFT, not_by="portfolio") == {}
