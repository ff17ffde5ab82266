"""What is known of a pair during one assessment."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.services.risk.pair_facts import PairBook, PairFacts
from kraken_pipeline.services.risk.world import World
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.services.worlds import PAIRS, Given, Life, life

XBT = PAIRS["XBTUSD"]
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)


def told() -> Life:
    return life(Random(7))  # noqa: S311 - repeatable, not secret


def facts(world: World, books: Given | None = None, pair: Pair = XBT) -> PairFacts:
    return PairBook(world, books or told().books, has_clusters=True).of(pair)


class Cooling(Given):
    """Books in which the pair was refused for funds, and is locked for longer."""

    def cooldowns(self) -> dict[str, datetime]:
        return {XBT.name: SOON}

    def locks(self, now: datetime) -> tuple[Lock, ...]:
        lock = Lock(
            lock_id="L", kind=LockKind.COOLDOWN, pair=XBT.name, since=NOW, until=LATER, reason=""
        )
        return (lock, replace(lock, lock_id="M", pair="ETHUSD", until=LATER + timedelta(days=1)))


def test_what_usually_trades_is_no_more_than_what_traded_in_the_last_day() -> None:
    world = told().world
    quiet = replace(world, habits={XBT.name: Habit(notional=Decimal(5), leader=XBT.name)})
    loud = replace(world, habits={XBT.name: Habit(notional=Decimal("1e12"), leader=XBT.name)})

    assert facts(quiet).usual_notional == 5
    assert facts(loud).usual_notional == facts(loud).notional_24h


def test_without_a_price_nothing_is_known_to_trade() -> None:
    silent = replace(told().world, tickers={})

    assert facts(silent).notional_24h == facts(silent).usual_notional == 0


def test_a_pair_cools_until_the_last_of_what_cools_it_ends() -> None:
    books = told().books
    cooling = Cooling(
        held=books.held,
        reserving=books.reserving,
        latched=books.latched,
        done=books.done,
        stops=books.stops,
    )

    found = facts(told().world, cooling)

    assert found.cooling_until == LATER
    assert [each.lock_id for each in found.locks] == ["L"]


def test_what_moves_with_another_leader_is_apart_and_nothing_is_where_no_cap_asks() -> None:
    world, books = told().world, told().books

    assert PairBook(world, books, has_clusters=True).apart(XBT) == {"SOL"}
    assert PairBook(world, books, has_clusters=False).apart(XBT) == frozenset()
