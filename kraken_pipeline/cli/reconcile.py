"""`reconcile`: compare books and exchange by hand."""

import sys
import uuid
from collections.abc import Mapping
from dataclasses import asdict

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.open_points import point_row, show_points
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.reconciliations import Cause, Kind, Outcome, Reconciliation
from kraken_pipeline.services.books.agreement import Agreement
from kraken_pipeline.services.books.reconcile import Pass
from kraken_pipeline.wiring.pipeline import connect


def run(environ: Mapping[str, str], *, full: bool, as_json: bool) -> Exit:
    """Compare once, print what was found, and return the exit code.

    Args:
        environ: the environment, usually `os.environ`.
        full: whether fills, ledger and balances are read also where no balance moved.
        as_json: whether one JSON document is printed.

    Raises:
        ExchangeError: the exchange did not answer.
    """
    pipeline = connect(environ)
    try:
        run_id = f"reconcile-{uuid.uuid4().hex[:8]}"
        made = pipeline.reconcile(Cause.HAND, run_id=run_id, full=full)
        points = pipeline.open_points()
    finally:
        pipeline.close()
    if as_json:
        open_points = [point_row(each, made.found.at) for each in points]
        print_json({**_document(made), "open_points": open_points})
    else:
        show_points(points, made.found.at)
        _show(made)
    return _code(made.found)


def _document(made: Pass) -> dict[str, object]:
    found, agreement = made.found, made.agreement
    return {
        "at": found.at,
        "outcome": found.outcome.value,
        "findings": [
            {**asdict(each), "kind": each.kind.value, "weight": each.weight.name.lower()}
            for each in found.findings
        ],
        "orders": dict(made.orders),
        "at_exchange": agreement.at_exchange,
        "of_unknown_fate": agreement.of_unknown_fate,
        "foreign": [{**asdict(each), "side": each.side.value} for each in agreement.foreign],
        "clean_passes_missing": agreement.passes_missing,
        "read_books": made.booked is not None,
    }


def _show(made: Pass) -> None:
    found = made.found
    rows = [
        {"what": each.kind.value, "weight": each.weight.name.lower(), "of": each.subject}
        | {"figures": each.said}
        for each in found.findings
    ]
    print_rows("findings", rows, nothing="books and exchange agree")
    if made.agreement.foreign:
        foreign = [
            {"id": each.kraken_order_id, "pair": each.pair, "order": each.description}
            | {"since": each.first_seen_at}
            for each in made.agreement.foreign
        ]
        print_rows("orders that are not ours; they stay", foreign, nothing="")
    sys.stdout.write(f"{found.said}; {_standing(made.agreement)}\n")


def _standing(agreement: Agreement) -> str:
    count = agreement.at_exchange
    there = f"{count} {'order' if count == 1 else 'orders'} of ours at the exchange"
    if not agreement.passes_missing:
        return there
    return f"{there}; clean passes needed before anything opens: {agreement.passes_missing}"


def _code(found: Reconciliation) -> Exit:
    if found.outcome is Outcome.DIFFERS:
        return Exit.DRIFT
    return Exit.UNKNOWN if found.of(Kind.ORDER_UNKNOWN) else Exit.DONE
