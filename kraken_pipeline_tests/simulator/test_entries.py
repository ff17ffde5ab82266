"""From which buckets a trade is paid."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator import catalog
from kraken_pipeline.simulator.entries import Entry, paid, rest_id, spendable

XBT = catalog.pair("XBT", "USD").base
CENTS = st.integers(0, 10_000).map(lambda each: Decimal(each).scaleb(-2))


def side(amount: str, fee: str = "0") -> Entry:
    return Entry(
        id="LSIDE",
        at=datetime(2026, 10, 1, tzinfo=UTC),
        refid="T1",
        type="trade",
        subtype="tradespot",
        asset=XBT.id,
        amount=Decimal(amount),
        fee=Decimal(fee),
        balance=Decimal(0),
    )


def told(entries: tuple[Entry, ...]) -> list[tuple[str, str, str]]:
    return [(each.asset, str(each.amount), str(each.fee)) for each in entries]


def test_a_sale_of_more_than_the_asset_itself_has_takes_the_rest_from_what_earns() -> None:
    has = {"XXBT": Decimal("29.86"), "XBT.F": Decimal(2)}

    assert told(paid(side("-31.41"), XBT, has)) == [
        ("XXBT", "-29.86", "0"), ("XBT.F", "-1.55", "0"),
    ]  # fmt: skip


def test_the_fee_is_paid_by_the_asset_itself_if_it_has_so_much() -> None:
    has = {"XXBT": Decimal(3), "XBT.F": Decimal(9)}

    assert told(paid(side("-4", "1"), XBT, has)) == [("XXBT", "-2", "1"), ("XBT.F", "-2", "0")]
    assert told(paid(side("-4", "5"), XBT, has)) == [("XXBT", "-3", "0"), ("XBT.F", "-1", "5")]


def test_an_asset_that_earns_whole_pays_whole() -> None:
    [entry] = paid(side("-4", "1"), XBT, {"XBT.F": Decimal(9)})

    assert told((entry,)) == [("XBT.F", "-4", "1")]
    assert entry.id == rest_id("LSIDE") != "LSIDE"


@given(has=CENTS, earns=CENTS, amount=CENTS, fee=CENTS)
def test_what_is_paid_adds_up_and_overdraws_nothing(
    has: Decimal, earns: Decimal, amount: Decimal, fee: Decimal
) -> None:
    balances = {"XXBT": has, "XBT.F": earns}
    whole = side(str(-amount), str(fee))

    entries = paid(whole, XBT, balances)

    assert sum(each.amount for each in entries) == -amount
    assert sum(each.fee for each in entries) == fee
    if amount + fee <= spendable(balances, XBT):
        assert all(balances[each.asset] + each.amount - each.fee >= 0 for each in entries)
