"""Balances, holds and the ledger."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator import catalog, fees
from kraken_pipeline.simulator.accounts import Account, reserved
from kraken_pipeline.simulator.bookings import Booked, Booking
from kraken_pipeline.simulator.engine import NOTHING, Side
from kraken_pipeline.simulator.events import (
    Deposited,
    Event,
    OrderEnded,
    OrderFilled,
    OrderOpened,
    decoded,
    encoded,
)
from kraken_pipeline.simulator.listing import Listing
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.views import with_fewer

NOW = datetime(2026, 10, 1, tzinfo=UTC)
PAIR = catalog.pair("XBT", "USD")
LISTING = Listing([PAIR])


def deposited(amount: str) -> Deposited:
    return Deposited(
        at=NOW, asset="ZUSD", amount=Decimal(amount), refid="FT1", ledger_id=f"deposit {amount}"
    )


def order(side: Side, volume: Decimal, price: str = "40000.5", flags: str = "fciq") -> Order:
    return Order(
        id=f"{side} {volume}",
        pair=PAIR.key,
        side=side,
        ordertype="limit",
        price=Decimal(price),
        volume=volume,
        oflags=(flags,),
        opened=NOW,
    )


def filled(of: Order, number: int, qty: Decimal) -> OrderFilled:
    price = of.price or NOTHING
    cost = (price * qty).quantize(Decimal("0.00001"))
    return OrderFilled(
        at=NOW + timedelta(microseconds=number),
        order_id=of.id,
        trade_id=f"T{number}",
        first_trade_id=f"T{number}",
        number=number,
        price=price,
        qty=qty,
        cost=cost,
        fee=fees.fee(PAIR, cost, Decimal("0.4"), in_base=False),
        maker=True,
        usd=cost,
        base_ledger_id=f"L{number} base",
        quote_ledger_id=f"L{number} quote",
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = [deposited("1000000"), deposited("0.0001")]
    for number in range(draw(st.integers(1, 12))):
        side = Side.BUY if number % 2 == 0 else Side.SELL
        volume = Decimal(draw(st.integers(10_000, 10**8))).scaleb(-8)
        placed = order(side, volume)
        part = Decimal(draw(st.integers(1, 9_999))).scaleb(-8)
        events += [
            OrderOpened(at=NOW, order=placed),
            filled(placed, 2 * number, part),
            filled(placed, 2 * number + 1, volume - part),
            OrderEnded(at=NOW, order_id=placed.id, status="closed", reason=None),
        ]
    return events


def account_after(events: list[Event]) -> Account:
    account = Account(LISTING)
    for event in events:
        account.apply(event)
    return account


@given(histories())
def test_the_ledger_adds_up_to_the_balances_row_by_row(events: list[Event]) -> None:
    account = account_after(events)

    balances: dict[str, Decimal] = {}
    for entry in account.ledger.values():
        before = balances.get(entry.asset, NOTHING)
        assert entry.balance == before + entry.amount - entry.fee
        balances[entry.asset] = entry.balance
    assert balances == account.balances


@given(histories())
def test_events_written_down_and_read_give_the_same_account(events: list[Event]) -> None:
    account = account_after(events)

    again = account_after([event for event in events for event in decoded(encoded([event]))])

    assert again.balances == account.balances
    assert again.orders == account.orders
    assert again.ledger == account.ledger


def test_a_resting_buy_holds_its_cost_without_fee_and_a_sell_its_volume() -> None:
    buy, sell = order(Side.BUY, Decimal("0.5")), order(Side.SELL, Decimal("0.25"))

    account = account_after([OrderOpened(at=NOW, order=each) for each in (buy, sell)])

    assert account.holds() == {"ZUSD": Decimal("20000.25"), "XXBT": Decimal("0.25")}


def test_a_fill_shrinks_the_hold_and_the_end_of_the_order_frees_it() -> None:
    buy = order(Side.BUY, Decimal("0.5"))
    opened = OrderOpened(at=NOW, order=buy)
    fill = filled(buy, 1, Decimal("0.2"))
    ended = OrderEnded(at=NOW, order_id=buy.id, status="canceled", reason="User requested")

    assert account_after([opened, fill]).holds() == {"ZUSD": Decimal("12000.15")}
    assert account_after([opened, fill, ended]).holds() == {}


def test_what_is_free_leaves_room_for_the_fees_of_open_orders() -> None:
    buy = order(Side.BUY, Decimal("0.5"))

    account = account_after([deposited("30000"), OrderOpened(at=NOW, order=buy)])

    assert account.free(PAIR.quote, lambda pair: Decimal("0.008")) == Decimal("9839.748")


def test_what_is_reserved_is_never_less_than_what_an_order_may_cost() -> None:
    smallest = order(Side.BUY, Decimal("0.00000001"))  # 0.000400005 USD, in a ledger of 4 decimals

    assert reserved(smallest, PAIR, NOTHING) == {"ZUSD": Decimal("0.0005")}


def test_volume_counts_for_thirty_days() -> None:
    buy = order(Side.BUY, Decimal("0.5"))

    account = account_after([OrderOpened(at=NOW, order=buy), filled(buy, 0, Decimal("0.5"))])

    assert account.volume_usd(NOW + timedelta(days=30) - timedelta(seconds=1)) == Decimal(
        "20000.25"
    )
    assert account.volume_usd(NOW + timedelta(days=30)) == 0


def booked(*rows: tuple[str, str, str, str], at: datetime = NOW) -> Booked:
    """Return rows of id, asset, amount and fee that were booked together."""
    return Booked(
        at=at,
        rows=tuple(
            Booking(
                id=identity,
                type="transfer",
                asset=asset,
                amount=Decimal(amount),
                fee=Decimal(fee),
                refid="FT2",
            )
            for identity, asset, amount, fee in rows
        ),
    )


def test_booked_rows_move_each_its_own_bucket() -> None:
    account = Account(LISTING)

    account.apply(booked(("L1", "XXBT", "-1", "0"), ("L2", "XBT.F", "1", "0.1")))

    assert account.balances == {"XXBT": Decimal(-1), "XBT.F": Decimal("0.9")}
    assert [entry.balance for entry in account.ledger.values()] == [Decimal(-1), Decimal("0.9")]


def test_a_row_without_an_id_is_no_ledger_entry_and_moves_nothing() -> None:
    account = Account(LISTING)

    account.apply(booked(("", "ZUSD", "100", "0")))

    assert account.balances == account.ledger == {}
    assert [row.amount for _, row in account.announced] == [Decimal(100)]


def test_booked_rows_are_the_same_when_read_again() -> None:
    event = booked(("L1", "XXBT", "-1.5", "0"), ("", "XBT.F", "1", "0.1"))

    assert decoded(encoded([event])) == (event,)


def test_entries_come_the_latest_first_and_follow_what_is_booked() -> None:
    account = Account(LISTING)
    account.apply(booked(("L1", "ZUSD", "1", "0")))
    assert [entry.id for entry in account.entries()] == ["L1"]

    account.apply(booked(("L2", "ZUSD", "1", "0"), at=NOW + timedelta(hours=1)))
    fewer = with_fewer(account, ledger={"L1": account.ledger["L1"]})

    assert [entry.id for entry in account.entries()] == ["L2", "L1"]
    assert [entry.id for entry in fewer.entries()] == ["L1"]
