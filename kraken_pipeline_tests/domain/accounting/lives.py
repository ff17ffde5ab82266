"""Whole account lives, made by hypothesis: entries as a ledger tells them, with their causes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.booking import Terms
from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.price_points import PricePoint, PriceSource
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.symbols import Asset

USD, XBT, ETH, KFEE = Asset("USD"), Asset("XBT"), Asset("ETH"), Asset("KFEE")
START = datetime(2026, 1, 1, tzinfo=UTC)
UNIT = Decimal("0.00000001")
CENT = Decimal("0.0001")


def entry(
    asset: str, amount: str | Decimal, fee: str | Decimal = "0", *, name: str = "L1", hours: int = 0
) -> LedgerEntry:
    """Return an entry; its type and balance say nothing here."""
    return LedgerEntry(
        entry_id=name,
        refid="R",
        type="trade",
        subtype="",
        asset=asset,
        amount=Decimal(amount),
        fee=Decimal(fee),
        balance=Decimal(0),
        at=START + timedelta(hours=hours),
    )


def explained(cause: Cause, *entries: LedgerEntry, event: str = "E1") -> list[Explained]:
    """Return entries of one event with their cause."""
    return [Explained(entry=each, cause=cause, event_id=event, why="") for each in entries]


def priced(prices: dict[Asset, str]) -> Callable[[Asset, datetime], PricePoint | None]:
    """Return prices that never change."""

    def price(asset: Asset, at: datetime) -> PricePoint | None:
        if asset not in prices:
            return None
        return PricePoint(
            asset=asset,
            at=at,
            price=Decimal(prices[asset]),
            source=PriceSource.BAR,
            detail="1m",
        )

    return price


def terms(prices: dict[Asset, str] | None = None, **stated: str) -> Terms:
    """Return terms in dollars, with these prices and costs that a person stated."""
    return Terms(
        base_currency=USD,
        asset_of=Asset,
        price=priced(prices or {}),
        stated={name: Decimal(cost) for name, cost in stated.items()},
        renamed=frozenset({(Asset("OLD"), Asset("NEW"))}),
    )


@dataclass(frozen=True)
class Step:
    """Something that happens to an account."""

    cause: Cause
    out: Asset
    into: Asset
    share: int
    """How many hundredths of what there is go out."""
    qty: Decimal
    """What comes in."""
    fee_bps: int
    fee_asset: str
    """`out`, `into` or KFEE."""


STEPS = st.builds(
    Step,
    cause=st.sampled_from(
        [Cause.FILL] * 4
        + [Cause.FLOW, Cause.REWARD, Cause.CONVERSION, Cause.ADJUSTMENT, Cause.FEE, Cause.UNKNOWN]
    ),
    out=st.sampled_from([USD, XBT, ETH]),
    into=st.sampled_from([USD, XBT, ETH]),
    share=st.integers(1, 100),
    qty=st.integers(1, 10**12).map(lambda each: each * UNIT),
    fee_bps=st.integers(0, 100),
    fee_asset=st.sampled_from(["out", "into", "KFEE"]),
)


def life(steps: list[Step], *, gap_hours: int = 1) -> list[Explained]:
    """Return what steps do to an account that begins with dollars: nothing is spent twice."""
    held = {USD: Decimal(100_000), XBT: Decimal(0), ETH: Decimal(0), KFEE: Decimal(0)}
    found = explained(Cause.FLOW, entry("USD", "100000", name="L0"), event="E0")
    for number, step in enumerate(steps, 1):
        hours = number * gap_hours
        entries = list(_entries(step, held, f"L{number}", hours))
        for each in entries:
            held[Asset(each.asset)] += each.net
        found += explained(step.cause, *entries, event=f"E{number}")
    return found


def _entries(step: Step, held: dict[Asset, Decimal], name: str, hours: int) -> list[LedgerEntry]:
    grain = CENT if step.out == USD else UNIT
    out = (held[step.out] * step.share / 100).quantize(grain, rounding="ROUND_DOWN")
    fee_out = (out * step.fee_bps / 10_000).quantize(grain, rounding="ROUND_DOWN")
    if step.cause in {Cause.FILL, Cause.CONVERSION}:
        if not out or step.out == step.into:
            return []
        return _swap(step, out, fee_out, name, hours)
    if step.cause is Cause.FEE or step.share % 2:
        fee = Decimal(0) if step.cause is Cause.FEE else fee_out
        amount = fee - out
        return [entry(step.out, amount, fee, name=name, hours=hours)] if amount else []
    fee = (step.qty * step.fee_bps / 10_000).quantize(UNIT)
    return [entry(step.into, step.qty, fee, name=name, hours=hours)]


def _swap(step: Step, out: Decimal, fee: Decimal, name: str, hours: int) -> list[LedgerEntry]:
    pays_out = step.fee_asset == "out"
    fee_in = (step.qty * step.fee_bps / 10_000).quantize(UNIT)
    found = [
        entry(step.out, fee - out if pays_out else -out, fee if pays_out else Decimal(0),
              name=f"{name}a", hours=hours),
        entry(step.into, step.qty, fee_in if step.fee_asset == "into" else Decimal(0),
              name=f"{name}b", hours=hours),
    ]  # fmt: skip
    if step.fee_asset == "KFEE":
        found.append(entry("KFEE", Decimal(0), "1.5", name=f"{name}c", hours=hours))
    return [each for each in found if each.amount or each.fee]


def figures(*told: object) -> tuple[object, ...]:
    """Return what is told, to be compared with plain numbers."""
    return told
