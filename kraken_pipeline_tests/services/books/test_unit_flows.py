"""Flows that are seen late buy their units as if they had been seen at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.price_points import PricePoint, PriceSource
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.nav import Snapshot, Valuation, units_after
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.unit_flows import Bought, Past, bought
from kraken_pipeline_tests.builders import NOW, snapshot

XBT, USD = Asset("XBT"), Asset("USD")
HOUR = timedelta(hours=1)
NEAR = Decimal("1e-24")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["deposit", "withdrawal", "trade"]),
        st.sampled_from(["XBT", "USD"]),
        st.decimals(min_value="0.01", max_value="0.6", places=2),
        st.decimals(min_value="0.5", max_value="2", places=2),
    ),
    min_size=1,
    max_size=12,
)


@dataclass
class Life:
    """An account of two assets, and what came and went in it."""

    price: Decimal = Decimal(100)
    now: datetime = NOW
    held: dict[Asset, Decimal] = field(
        default_factory=lambda: {XBT: Decimal(10), USD: Decimal(1_000)}
    )
    prices: dict[datetime, Decimal] = field(default_factory=dict)
    entries: list[LedgerEntry] = field(default_factory=list)

    def turn(self, factor: str | Decimal, *, hours: int = 1) -> None:
        """Let time go by and the price move."""
        self.now += hours * HOUR
        self.price *= Decimal(factor)
        self.prices[self.now] = self.price

    def add(self, kind: str, asset: Asset, qty: str | Decimal) -> LedgerEntry:
        """Write an entry of now."""
        made = LedgerEntry(
            entry_id=f"L{len(self.entries)}",
            refid="R",
            type=kind,
            subtype="",
            asset=asset,
            amount=Decimal(qty),
            fee=ZERO,
            balance=ZERO,
            at=self.now,
        )
        self.entries.append(made)
        self.held[asset] += made.net
        return made

    def look(self, units: Decimal | None = None) -> Snapshot:
        """Value what is held, by units that are known; a new account has a unit for each dollar."""
        with localcontext(EXACT):
            equity = self.held[XBT] * self.price + self.held[USD]
            had = equity if units is None else units
            price = equity / had if had else Decimal(1)
        valued = tuple(
            Valuation(asset=name, qty=self.held[name], price=each, source="test")
            for name, each in ((USD, Decimal(1)), (XBT, self.price))
        )
        return snapshot(at=self.now, equity=equity, units=had, unit_price=price, valuations=valued)

    def past(self, before: Snapshot) -> Past:
        """Return what is known of the time since a look."""
        return Past(
            before=before,
            now=self.now,
            held=dict(self.held),
            moved=self._moved,
            asset_of=Asset,
            rate={USD: Decimal(1), XBT: self.price}.get,
            price=self._price,
        )

    def _moved(self, since: datetime, until: datetime | None) -> Mapping[str, Decimal]:
        found = {str(name): ZERO for name in self.held}
        for each in self.entries:
            if since <= each.at and (until is None or each.at < until):
                found[each.asset] += each.net
        return found

    def _price(self, asset: Asset, at: datetime) -> PricePoint | None:
        price = Decimal(1) if asset == USD else self.prices.get(at)
        if price is None:
            return None
        return PricePoint(asset=asset, at=at, price=price, source=PriceSource.BAR, detail="test")


def _price_after(life: Life, told: Bought) -> Decimal:
    return life.look(told.units).unit_price


@given(steps=STEPS)
def test_pf_13_one_look_at_the_end_says_of_a_unit_what_a_look_at_each_flow_says(
    steps: Sequence[tuple[str, str, Decimal, Decimal]],
) -> None:
    life = Life()
    first = life.look()
    units, worth, flows = first.units, ZERO, []
    for kind, name, share, factor in steps:
        life.turn(factor)
        asset = Asset(name)
        sign = -1 if kind == "withdrawal" else 1
        if kind == "trade":
            spent = life.held[USD] * share
            life.add("trade", USD, -spent)
            life.add("trade", XBT, spent / life.price)
            continue
        flow = life.add(kind, asset, sign * life.held[asset] * share)
        flows.append(flow)
        came = flow.net * (life.price if asset == XBT else 1)
        worth += came
        equity = life.held[XBT] * life.price + life.held[USD]
        units, _ = units_after(units=units, equity=equity, flows=came)
    life.turn("0.7")

    told = bought(life.past(first), flows)

    assert abs(told.units / units - 1) < NEAR
    assert abs(told.worth - worth) <= NEAR * abs(worth)
    assert told.older_prices == {}


def test_a_loss_before_a_deposit_is_one_of_the_old_units_alone() -> None:
    life = Life()
    first = life.look()
    life.turn("0.5")
    flow = life.add("deposit", USD, "1500")

    told = bought(life.past(first), [flow])

    assert _price_after(life, told) == Decimal("0.75")
    assert told.worth == 1_500


def test_a_loss_after_a_deposit_is_one_of_the_new_units_too() -> None:
    life = Life()
    first = life.look()
    life.turn("1")
    flow = life.add("deposit", XBT, "20")
    life.turn("0.5")

    told = bought(life.past(first), [flow])

    assert _price_after(life, told) == Decimal("0.625")
    assert told.worth == 2_000


def test_where_no_price_of_its_time_is_known_that_of_the_look_before_stands_and_is_named() -> None:
    life = Life()
    first = life.look()
    life.turn("0.5")
    flow = life.add("deposit", USD, "2000")
    life.prices.clear()
    life.turn("1")

    told = bought(life.past(first), [flow])

    assert told.units == 4_000
    assert told.older_prices == {flow.entry_id: (XBT,)}


def test_a_flow_that_is_told_late_counts_from_the_look_that_missed_it() -> None:
    life = Life()
    late = replace(life.add("deposit", USD, "2000"), at=NOW - HOUR)
    life.entries[0] = late
    life.prices[late.at] = Decimal(25)
    life.held[USD] -= late.net
    first = life.look()
    life.held[USD] += late.net
    life.turn("0.5")

    told = bought(life.past(first), [late])

    assert told.units == 4_000
    assert _price_after(life, told) == Decimal("0.875")


def test_a_flow_that_waited_for_a_price_to_come_back_counts_from_its_own_time() -> None:
    life = Life()
    first = life.look()
    life.turn("0.5")
    flow = life.add("deposit", USD, "1500")
    life.turn("0.5")
    blind = replace(
        life.look(first.units),
        valuations=(Valuation(asset=XBT, qty=Decimal(10), price=None, source="none"),),
    )
    assert blind.frozen
    life.turn("1")

    told = bought(life.past(blind), [flow])

    assert told.units == 4_000


def test_money_for_an_account_that_was_emptied_goes_on_at_its_price_and_may_lose_at_once() -> None:
    life = Life(held={XBT: ZERO, USD: ZERO})
    empty = replace(life.look(), unit_price=Decimal("1.5"))
    life.turn("1")
    flow = life.add("deposit", XBT, "3")
    life.turn("0.5")

    told = bought(life.past(empty), [flow])

    assert told.units == 200
    assert _price_after(life, told) == Decimal("0.75")
