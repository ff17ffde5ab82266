"""Whether books and exchange agree, as asset checks with their figures."""

from collections.abc import Mapping
from typing import Final

import dagster as dg

from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.nav import unpriced
from kraken_pipeline.domain.reconciliations import Finding, Kind, Outcome
from kraken_pipeline.services.books.agreement import Agreement, Loops
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.wiring.trading import Account

ASSET: Final = "portfolio_snapshot"
NAMED: Final = 10
"""Entries of unknown cause of one asset that a check names; `explain asset` shows all."""
SPECS: Final = tuple(
    dg.AssetCheckSpec(name, asset=ASSET, description=description)
    for name, description in (
        (
            "books_equal_balances",
            "The ledger, replayed from the first entry, gives each balance exactly.",
        ),
        (
            "ledger_explained",
            "Every entry of the ledger has a cause, and no move between buckets is overdue.",
        ),
        (
            "prices_cover_what_is_held",
            "99 % of what all is worth has a price of now; else its value stands still.",
        ),
        (
            "profit_is_explained",
            "What became of the account adds up to the last digit, and its books hold what it has.",
        ),
        ("orders_have_evidence", "The exchange shows every order of ours that may be there."),
        ("no_foreign_orders", "Every open order of the account is ours; others are left alone."),
        ("holds_explained", "No more and no less is held than the open orders need."),
        ("two_clean_passes", "No repair and no difference since two comparisons or more."),
        (
            "compared_in_time",
            "All is compared each hour, and each minute while an order rests (PF-16).",
        ),
    )
)
"""The first four are of the books, the others are of the last comparison with the exchange."""


def books_checks(booked: Booked) -> tuple[dg.AssetCheckResult, ...]:
    """Return whether books agree with balances, explain every entry, and know what all is worth."""
    snapshot = booked.snapshot
    drift, now = snapshot.drift, snapshot.at
    count = sum(map(len, booked.unexplained.values()))
    unknown = {
        each.told.entry.entry_id: f"{asset}: {each.told.why}"
        for asset, some in booked.unexplained.items()
        for each in some[:NAMED]
    }
    overdue = {
        each.entry.entry_id: f"{each.qty} {each.entry.asset} since {each.entry.at.isoformat()}"
        for each in booked.in_flight
        if each.is_overdue(now)
    }
    return (
        _result("books_equal_balances", drift, passed=not drift, warns=not booked.has_grave_drift),
        _result(
            "ledger_explained",
            {"unexplained": count, "in_flight": len(booked.in_flight), **unknown, **overdue},
            passed=not unknown and not overdue,
            warns=not unknown,
        ),
        _result(
            "prices_cover_what_is_held",
            {
                "coverage_pct": f"{snapshot.coverage * 100:.2f}",
                **{str(each.asset): each.source for each in unpriced(snapshot.valuations)},
            },
            passed=not snapshot.frozen,
        ),
    )


def account_check(account: Account | None) -> dg.AssetCheckResult:
    """Return whether all profit is explained, and the account's books hold what it has."""
    residual = ZERO if account is None else account.result.residual
    differing = {} if account is None else dict(account.differing)
    figures = {"residual": plain(residual), **{str(name): how for name, how in differing.items()}}
    passed = not residual and not differing
    return _result("profit_is_explained", figures, passed=passed)


def agreement_checks(agreement: Agreement) -> tuple[dg.AssetCheckResult, ...]:
    """Return what the last comparison says of each check but the first four."""
    last = agreement.last
    findings = () if last is None else last.findings
    doubts = _of(findings, Kind.ORDER_UNKNOWN, Kind.CONTRADICTION)
    holds = _of(findings, Kind.HOLD_UNEXPLAINED)
    foreign = {
        each.kraken_order_id: f"{each.pair}: {each.description}" for each in agreement.foreign
    }
    evidence = {
        "at_exchange": agreement.at_exchange,
        "of_unknown_fate": len(_of(findings, Kind.ORDER_UNKNOWN)),
        "adopted": len(_of(findings, Kind.ORDER_ADOPTED)),
        "proven_absent": len(_of(findings, Kind.ORDER_ABSENT)),
    }
    compared = {
        "missing": agreement.passes_missing,
        "outcome": "never compared" if last is None else last.outcome.value,
        "cause": "" if last is None else last.cause.value,
        "compared_at": "" if last is None else last.at.isoformat(),
        "findings": len(findings),
    }
    differs = last is not None and last.outcome is Outcome.DIFFERS
    return (
        _result("orders_have_evidence", {**evidence, **_said(doubts)}, passed=not doubts),
        _result(
            "no_foreign_orders", {"open": len(foreign), **foreign}, passed=not foreign, warns=True
        ),
        _result("holds_explained", {"assets": len(holds), **_said(holds)}, passed=not holds),
        _result(
            "two_clean_passes",
            {**compared, **_said(findings)},
            passed=agreement.passes_missing == 0,
            warns=not differs,
        ),
    )


def loops_check(loops: Loops) -> dg.AssetCheckResult:
    """Return whether each comparison was made when it was due."""
    figures: dict[str, int | str] = {
        f"last_{cause.value}": at.isoformat() for cause, at in loops.last.items()
    }
    late = "; ".join(loops.late) or "nothing"
    return _result("compared_in_time", {**figures, "late": late}, passed=not loops.late, warns=True)


def evaluation(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """Return a result as the event that an op logs, which materializes nothing."""
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key or dg.AssetKey(ASSET),
        check_name=str(result.check_name),
        passed=result.passed,
        severity=result.severity,
        metadata=dict(result.metadata),
    )


def _result(
    name: str, figures: Mapping[str, int | str], *, passed: bool, warns: bool = False
) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        asset_key=ASSET, check_name=name, passed=passed, severity=severity, metadata=dict(figures)
    )


def _of(findings: tuple[Finding, ...], *kinds: Kind) -> tuple[Finding, ...]:
    return tuple(each for each in findings if each.kind in kinds)


def _said(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {f"{each.kind.value} {each.subject}": each.said for each in findings}
