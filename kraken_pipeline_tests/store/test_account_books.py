"""P-4, P-5: the account's books are the same however events came, and however often."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from kraken_pipeline.domain.accounting.booking import moves_of
from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.fold import AssetBook, folded
from kraken_pipeline.domain.accounting.identity import result
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.accounting.price_points import PriceSource
from kraken_pipeline.domain.accounting.stated import StatedCost
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset, SymbolTable
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.books import accounts as accounts_module
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.store import unbooked
from kraken_pipeline.store.account_books import SqlAccountStore, SqlBooking
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema.ledger import entry_causes, ledger_entries
from kraken_pipeline.store.schema.lots import account_moves, price_points
from kraken_pipeline_tests.builders import pair
from kraken_pipeline_tests.domain.accounting.lives import (
    ETH,
    START,
    STEPS,
    USD,
    XBT,
    Step,
    entry,
    explained,
    figures,
    life,
    terms,
)
from kraken_pipeline_tests.fakes import Crash, Fuse, crashing

PRICES = {XBT: "47000.1", ETH: "2222.22"}
XBTUSD = pair()
LISTED = Listing(symbols=SymbolTable(assets={}, pairs=()), pairs={XBTUSD.name: XBTUSD}, assets={})
LISTING = Listing(symbols=SymbolTable(assets={}, pairs=()), pairs={}, assets={})


class Priced(PriceTable):
    """Prices that stand still."""

    def __init__(self, prices: dict[Asset, str]) -> None:
        super().__init__(USD, {}, {})
        self.prices = prices

    def rate(self, asset: Asset) -> Decimal | None:
        """Return the price that a test gave."""
        return Decimal(self.prices[asset]) if asset in self.prices else None


def desk(database: Database, method: Method = Method.FIFO) -> AccountDesk:
    """Return a desk on a store, with one rename."""
    alias = Alias(old=Asset("OLD"), new=Asset("NEW"), since=START)
    return AccountDesk(
        accounts=SqlAccountStore(database),
        base_currency=USD,
        method=method,
        aliases=(alias,),
        closes=lambda frame, closed_at: {},
    )


def told(database: Database, some: Iterable[Explained]) -> None:
    """Keep entries with their causes, as a pass over the ledger does."""
    with database.writing() as connection:
        for each in some:
            row = {name: getattr(each.entry, name) for name in type(each.entry).__slots__}
            connection.execute(insert(ledger_entries), row)
            cause = {"cause": each.cause.value, "event_id": each.event_id, "why": each.why}
            cause |= {"entry_id": each.entry.entry_id, "lacks": ""}
            connection.execute(insert(entry_causes), {**cause, "explained_at": START})
        unbooked.wait(connection, some)


def booked(
    database: Database,
    some: Sequence[Explained] = (),
    *,
    method: Method = Method.FIFO,
    prices: dict[Asset, str] = PRICES,
    hours: float = 0,
) -> Mapping[Asset, Decimal]:
    """Tell of entries and book them, while prices of the events' time are seen."""
    told(database, some)
    first = min([each.entry.at for each in some], default=START)
    now = first + timedelta(hours=hours)
    return book_moves(desk(database, method), LISTING, Priced(prices), now)


def lots_by_place(books: Iterable[AssetBook]) -> list[AssetBook]:
    """Return books with their lots in one order, whatever the method's."""
    return [
        replace(each, lots=tuple(sorted(each.lots, key=lambda lot: (lot.acquired_at, lot.lot_id))))
        for each in books
    ]


@pytest.mark.parametrize("method", list(Method))
@given(steps=st.lists(STEPS, max_size=14), chance=st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_p_4_and_p_5_however_events_come_the_books_are_those_of_the_whole_life(
    method: Method,
    fresh: Callable[[], Database],
    steps: list[Step],
    chance: Random,
) -> None:
    whole = life(steps, gap_hours=0)
    database = fresh()
    left = list(whole)
    chance.shuffle(left)
    while left:
        size = chance.randint(1, 6)
        booked(database, left[:size], method=method)
        left = left[size:]
        with database.writing() as connection:
            # what was told before is told again
            unbooked.wait(connection, chance.sample(whole[:3], 1))
        booked(database, method=method)

    books, matches = folded(moves_of(whole, terms(PRICES)), method, USD)
    store = SqlAccountStore(database)
    kept = [match for each in books for match in store.matches(each.asset)]
    assert lots_by_place(store.books()) == lots_by_place(books)
    assert sorted(kept, key=str) == sorted(matches, key=str)
    assert result(store.books(), {XBT: Decimal(50), ETH: Decimal(2)}.get, USD).residual == 0
    database.close()


BUY = explained(Cause.FILL, entry("XBT", "1", name="La"), entry("USD", "-100", name="Lb"))


def test_a_price_is_found_once_and_the_past_is_never_priced_anew(database: Database) -> None:
    deposit = explained(Cause.FLOW, entry("XBT", "2"))
    booked(database, deposit, prices={XBT: "50"})
    with database.reading() as connection:
        first = connection.execute(select(price_points)).all()
        moves = connection.execute(select(account_moves)).all()
    with database.writing() as connection:
        unbooked.wait(connection, deposit)
    booked(database, prices={XBT: "99"})

    with database.reading() as connection:
        assert connection.execute(select(price_points)).all() == first
        assert connection.execute(select(account_moves)).all() == moves
    assert [each.source for each in first] == [PriceSource.TICKER.value]


def test_what_nothing_priced_near_its_time_stays_unpriced_and_is_not_nothing(
    database: Database,
) -> None:
    booked(database, explained(Cause.FLOW, entry("XBT", "2")), hours=2)
    [book] = SqlAccountStore(database).books()

    assert figures(book.unpriced, book.qty, [each.cost for each in book.lots]) == (1, 2, [None])


def test_a_late_event_is_booked_as_if_it_had_been_known(database: Database) -> None:
    sale = [entry("XBT", "-1", name="Lc", hours=2), entry("USD", "300", name="Ld", hours=2)]
    short = booked(database, explained(Cause.FILL, *sale, event="E2"))
    after = booked(database, BUY)
    known = {each.asset: each for each in SqlAccountStore(database).books()}

    assert (dict(short), dict(after)) == ({XBT: Decimal(1)}, {})
    assert figures(known[XBT].qty, known[XBT].realised, known[XBT].uncosted) == (0, 200, 0)
    assert [each.lot_id for each in SqlAccountStore(database).matches(XBT)] == ["La"]


def test_money_is_never_made_anew_for_an_event_that_comes_late(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Asset, datetime | None]] = []
    found = SqlBooking.moves_since

    def noted(own: SqlBooking, asset: Asset, since: datetime | None) -> tuple[AccountMove, ...]:
        asked.append((asset, since))
        return found(own, asset, since)

    monkeypatch.setattr(SqlBooking, "moves_since", noted)
    later = [entry("XBT", "1", name="Lc", hours=2), entry("USD", "-300", name="Ld", hours=2)]
    booked(database, explained(Cause.FILL, *later, event="E2"))
    booked(database, BUY)

    assert (XBT, None) in asked
    assert USD not in {asset for asset, _ in asked}
    assert {each.asset: each.qty for each in SqlAccountStore(database).books()}[USD] == -400


def test_another_method_is_another_book_of_the_same_events(database: Database) -> None:
    booked(database, BUY)
    dear = [entry("XBT", "1", name="Lc", hours=1), entry("USD", "-300", name="Ld", hours=1)]
    sale = [entry("XBT", "-1", name="Le", hours=2), entry("USD", "500", name="Lf", hours=2)]
    booked(database, explained(Cause.FILL, *dear, event="E2"))
    booked(database, explained(Cause.FILL, *sale, event="E3"))
    gains = {}
    for method in Method:
        booked(database, method=method)
        gains[method] = SqlAccountStore(database).books()[1].realised

    assert gains == {Method.WAC: 300, Method.FIFO: 400, Method.LIFO: 200, Method.HIFO: 200}


def test_a_rename_that_comes_late_is_carried_through_both_names(database: Database) -> None:
    bought = [entry("OLD", "1", name="La"), entry("USD", "-100", name="Lb")]
    renamed = [
        entry("OLD", "-1", name="Lc", hours=1),
        entry("NEW", "1000", name="Ld", hours=1),
    ]
    sold = [entry("NEW", "-1000", name="Le", hours=2), entry("USD", "150", name="Lf", hours=2)]
    booked(database, explained(Cause.FILL, *sold, event="E3"))
    booked(database, explained(Cause.CONVERSION, *renamed, event="E2"))
    booked(database, explained(Cause.FILL, *bought, event="E1"))
    books = {str(each.asset): each for each in SqlAccountStore(database).books()}

    assert figures(books["OLD"].qty, books["OLD"].realised) == (0, 0)
    assert figures(books["NEW"].qty, books["NEW"].realised, books["NEW"].uncosted) == (0, 50, 0)


def test_many_events_are_booked_in_several_transactions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "AT_ONCE", 2)
    some = [
        each
        for number in range(5)
        for each in explained(Cause.FLOW, entry("USD", "1", name=f"L{number}"), event=f"E{number}")
    ]

    booked(database, some)
    assert [each.qty for each in SqlAccountStore(database).books()] == [5]


def _stated(entry_id: str, cost: str = "7") -> StatedCost:
    return StatedCost(
        entry_id=entry_id, cost=Decimal(cost), at=START, by="anna", reason="a receipt"
    )


def test_pf_8_what_a_person_says_that_coins_had_cost_is_their_cost(database: Database) -> None:
    booked(database, explained(Cause.FLOW, entry("XBT", "2")), prices={XBT: "50"})
    store = SqlAccountStore(database)
    store.state_cost(_stated("L1", "9"), USD)
    store.state_cost(_stated("L1"), USD)
    booked(database)
    [book] = store.books()

    assert figures(book.cost, book.stated, book.flows) == (7, -93, 100)
    assert [each.basis for each in book.lots] == [Basis.KNOWN]


@pytest.mark.parametrize(
    ("name", "refusal"), [("La", "is of a fill"), ("Lb", "brought nothing"), ("Lz", "no entry")]
)
def test_a_cost_is_stated_of_arrivals_only(database: Database, name: str, refusal: str) -> None:
    booked(database, BUY)

    with pytest.raises((InvalidValueError, UnknownNameError), match=refusal):
        SqlAccountStore(database).state_cost(_stated(name), USD)


def test_a_cost_below_zero_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="below zero"):
        _stated("L1", "-1")


def test_pf_6_what_nothing_priced_takes_the_close_of_its_time_once_that_is_certified(
    database: Database,
) -> None:
    event = explained(Cause.FLOW, entry("XBT", "2"))
    booked(database, event, hours=2)
    closes = {XBTUSD.name: Decimal(40)}
    later = replace(desk(database), closes=lambda frame, closed_at: closes)
    for hours in (2.5, 3):
        book_moves(later, LISTED, Priced({}), START + timedelta(hours=hours))
        [book] = SqlAccountStore(database).books()

        assert book.unpriced == (1 if hours < 3 else 0)
    with database.reading() as connection:
        [point] = connection.execute(select(price_points)).all()
    assert (point.source, point.price) == (PriceSource.BAR.value, 40)
    assert book.flows == 80


def test_nobody_waits_to_write_while_bars_are_read(database: Database) -> None:
    asked = []

    def closes(frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        with database.writing():
            asked.append(frame.name)
        return {XBTUSD.name: Decimal(40)}

    told(database, explained(Cause.FLOW, entry("XBT", "2")))
    looking = replace(desk(database), closes=closes)
    book_moves(looking, LISTED, Priced({}), START + timedelta(hours=3))

    assert len(asked) == 1
    [book] = SqlAccountStore(database).books()
    assert book.flows == 80


def test_events_without_a_price_have_their_turns(database: Database) -> None:
    for number in range(3):
        some = explained(Cause.FLOW, entry("XBT", "1", name=f"L{number}"), event=f"E{number}")
        booked(database, some, hours=2)
    store, turns = SqlAccountStore(database), []
    for hours in (4, 4.5, 5, 6):
        now = START + timedelta(hours=hours)
        if store.retry_unpriced(now, every=timedelta(hours=1), most=2):
            with store.booking() as booking:
                turns.append(booking.waiting(9))
                unbooked.done(booking._connection, booking.waiting(9))

    assert turns == [("E0", "E1"), ("E2",), ("E0", "E1")]


def test_a_kill_anywhere_leaves_books_that_the_next_pass_completes(
    fresh: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "AT_ONCE", 2)
    sale = [entry("XBT", "-1", name="Lc", hours=2), entry("USD", "300", name="Ld", hours=2)]
    some = [
        *BUY,
        *explained(Cause.FILL, *sale, event="E2"),
        *explained(Cause.FLOW, entry("ETH", "2", name="Le"), event="E3"),
    ]
    database = fresh()
    booked(database, some)
    whole = SqlAccountStore(database).books()
    database.close()

    for steps in count():
        database, fuse = fresh(), Fuse(steps)
        told(database, some)
        store = SqlAccountStore(database)
        doomed = replace(desk(database), accounts=crashing(store, fuse))
        with suppress(Crash):
            book_moves(doomed, LISTING, Priced(PRICES), START)
        booked(database)

        assert store.books() == whole
        database.close()
        if fuse.steps > 0:
            break
    assert steps > 8
