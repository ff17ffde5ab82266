"""`reconcile explain` and `reconcile adjust`."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from kraken_pipeline.cli.amounts import amount_typed
from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.explain import is_of, print_sections
from kraken_pipeline.cli.names import asset_named
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.accounting.adjustments import Adjustment
from kraken_pipeline.domain.accounting.partings import Replay, replayed
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.money import plain
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.wiring.pipeline import Pipeline, connect

AGREE: Final = "nothing differs: each entry follows from those before it, to what the exchange has"


def explain_drift_of(environ: Mapping[str, str], asset: str, *, as_json: bool) -> None:
    """Print of each balance of an asset where ledger and balance part, and what was adjusted.

    Raises:
        UnknownNameError: neither ledger nor balances know it.
    """
    pipeline = connect(environ)
    try:
        found = _explained(pipeline, asset)
    finally:
        pipeline.close()
    if as_json:
        print_json(found)
        return
    for bucket, sections in found.items():
        print_sections(bucket, sections, as_json=False)


def adjust_drift(environ: Mapping[str, str], asset: str, amount: str, asked: Asked) -> None:
    """Add to the ledger what the exchange has more or less of an asset, with a reason.

    Raises:
        InvalidValueError: there is no reason, or the amount is not what a balance drifts by.
        RefusedError: the ledger's rows may just be late; or in live, and nobody agreed.
        ExchangeError: the exchange did not answer.
    """
    if not asked.reason.strip():
        raise InvalidValueError("an adjustment needs its reason: give --reason")
    lacks = amount_typed("AMOUNT", amount)
    pipeline = connect(environ)
    try:
        made = pipeline.adjustment(asset, lacks, by=actor(), reason=asked.reason)
        if pipeline.is_live:
            require_consent([f"adjust {_said(made)}"], asked, word="adjust")
        booked = pipeline.adjust(made)
        halts = [str(each) for each in pipeline.halts()]
    finally:
        pipeline.close()
    if asked.as_json:
        print_json(_document(made, booked, halts))
        return
    sys.stdout.write(f"{made.entry_id}: adjusted {_said(made)}\n")
    sys.stdout.write(f"{_standing(booked)}\n")
    sys.stdout.write("".join(f"still halted: {each}\n" for each in halts))


def _explained(pipeline: Pipeline, asset: str) -> dict[str, dict[str, object]]:
    stores = pipeline.stores
    snapshot = stores.books.latest_snapshot()
    drift = {} if snapshot is None else snapshot.drift
    known = {*stores.books.replayed_balances(), *drift}
    buckets = _buckets(pipeline, asset, known)
    if not buckets:
        raise UnknownNameError(f"no balance was ever seen of {asset!r}")
    read_at = None if snapshot is None else snapshot.at
    return {
        bucket: {
            "books": {"read_at": read_at, "drift": drift.get(bucket, "none")},
            "ledger": _ledger(
                replayed(bucket, stores.books.entries_of(bucket)), drifts=bucket in drift
            ),
            "adjusted": [_row(each) for each in stores.adjustments.of(bucket)],
        }
        for bucket in buckets
    }


def _buckets(pipeline: Pipeline, asset: str, known: set[str]) -> list[str]:
    """Return the balances of an asset, or the one that was named by Kraken's own id."""
    exact = sorted(known & {asset, asset.upper()})
    if exact:
        return exact[:1]
    name = asset_named(pipeline, asset, option="ASSET")
    return sorted(each for each in known if is_of(each, name))


def _ledger(replay: Replay, *, drifts: bool) -> dict[str, object]:
    parting, last = replay.parting, replay.last
    return {
        "adds_up_to": replay.sum,
        "newest_entry_says": None if last is None else last.balance,
        "first_apart": None if parting is None else parting.entry.entry_id,
        "where": str(replay) if drifts or parting or last is None else AGREE,
    }


def _row(made: Adjustment) -> dict[str, object]:
    return {"entry_id": made.entry_id, "amount": made.amount, **asdict(made)}


def _document(made: Adjustment, booked: Booked, halts: list[str]) -> dict[str, object]:
    return {**_row(made), "drift": dict(booked.snapshot.drift), "halts": halts}


def _said(made: Adjustment) -> str:
    return (
        f"{made.bucket} by {plain(made.amount)}, from {plain(made.replayed)} to "
        f"{plain(made.at_exchange)}, as {made.reason}"
    )


def _standing(booked: Booked) -> str:
    drift = booked.snapshot.drift
    if not drift:
        return "books equal the balances"
    return "; ".join(f"{bucket}: {how}" for bucket, how in sorted(drift.items()))
