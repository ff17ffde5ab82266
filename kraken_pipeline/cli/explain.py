"""`explain` and `orders show`: the chain of evidence of an order, a denial, a pair, an asset."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from kraken_pipeline.cli.account import account_of
from kraken_pipeline.cli.evidence import chain
from kraken_pipeline.cli.locks import now_in_the_books
from kraken_pipeline.cli.names import NEVER_READ, asset_named, pair_named
from kraken_pipeline.cli.output import print_json, text
from kraken_pipeline.domain.accounting.partings import replayed
from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.halts import Halt, ScopeKind
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.remedies import remedy
from kraken_pipeline.services.deciding.needed_bars import NeededBars
from kraken_pipeline.store import evidence
from kraken_pipeline.store.conversions import SqlConversionStore
from kraken_pipeline.wiring.histories import bars_needed
from kraken_pipeline.wiring.locking import locks_in_force
from kraken_pipeline.wiring.market_sign import board_of
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.protecting import stops_noted

WIDTH: Final = 20
WIDEST_TABLE: Final = 200
"""Characters of a row; what is longer is no table, and each entry names its parts."""
DENIALS: Final = 5
"""How many denials of a pair are shown, newest first."""
ORDER_SECTIONS: Final = ("order", "plan", "verdict", "caps", "decision", "events", "halts", "notes")
"""What `orders show` shows of the chain."""


def show_order(environ: Mapping[str, str], name: str, *, as_json: bool) -> None:
    """Print an order with every step, the verdict's figures and the decision behind it.

    Raises:
        UnknownNameError: there is no order of that id.
        InvalidValueError: several ids begin so.
    """
    found = _chain(environ, name)
    shown = {each: found[each] for each in ORDER_SECTIONS}
    print_sections("order", shown if as_json else _without_id(shown), as_json=as_json)


def explain_order(environ: Mapping[str, str], name: str, *, as_json: bool) -> None:
    """Print the whole chain of an order: bars, decision, verdict, events, calls, fills, position.

    Raises:
        UnknownNameError: there is no order of that id.
        InvalidValueError: several ids begin so.
    """
    found = _chain(environ, name)
    print_sections("order", found if as_json else _without_id(found), as_json=as_json)


def explain_pair(environ: Mapping[str, str], pair: str, *, as_json: bool) -> None:
    """Print how a pair stands: in the universe or why not, bars, holdings, orders, denials.

    Raises:
        UnknownNameError: the exchange's listing had no such pair.
    """
    pipeline = connect(environ)
    try:
        name = pair_named(pipeline, pair, option="PAIR")
        found = _pair(pipeline, name)
    finally:
        pipeline.close()
    print_sections(name, found, as_json=as_json)


def explain_asset(environ: Mapping[str, str], asset: str, *, as_json: bool) -> None:
    """Print what is held of an asset, by book, with its newest entries in the ledger.

    Raises:
        UnknownNameError: nothing of ours has to do with it.
    """
    pipeline = connect(environ)
    try:
        name = _asset_or_bucket(pipeline, asset)
        found = _asset(pipeline, name)
    finally:
        pipeline.close()
    print_sections(name, found, as_json=as_json)


def explain_drift(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print where books and balances part, since when, and what the last comparisons found."""
    pipeline = connect(environ)
    try:
        snapshot = pipeline.stores.books.latest_snapshot()
        since = pipeline.stores.books.drifting_since()
        compared = evidence.reconciliations(pipeline.stores.database)
        drifting = [] if snapshot is None else sorted(snapshot.drift)
        where = {
            each: str(replayed(each, pipeline.stores.books.entries_of(each))) for each in drifting
        }
    finally:
        pipeline.close()
    found = {
        "books": {
            "read_at": None if snapshot is None else snapshot.at,
            "drifting_since": since,
            **({} if snapshot is None else dict(snapshot.drift)),
        },
        "where": where,
        "reconciliations": compared,
    }
    print_sections("drift", found, as_json=as_json)


def _chain(environ: Mapping[str, str], name: str) -> dict[str, Any]:
    pipeline = connect(environ)
    try:
        local_id = evidence.order_named(pipeline.stores.database, name)
        return chain(pipeline, pipeline.stores.orders.order(local_id))
    finally:
        pipeline.close()


def _without_id(found: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of each event the id of the order that they all are of."""
    events = [
        {name: of for name, of in each.items() if name != "local_id"} for each in found["events"]
    ]
    return {**found, "events": events}


def _pair(pipeline: Pipeline, pair: str) -> dict[str, Any]:
    universe = pipeline.stores.universes.latest()
    known = {} if universe is None else {each.name: each for each in universe.managed}
    reasons = () if universe is None else universe.reasons.get(pair, ())
    if universe is None:
        raise UnknownNameError(NEVER_READ)
    database = pipeline.stores.database
    return {
        "universe": {
            "version": universe.version,
            "at": universe.at,
            "tradable": pair in universe.names,
        },
        "out_because": [
            {"code": each.code, "figures": each.figures, "remedy": remedy(each.code)}
            for each in reasons
        ],
        "decisions": [
            {
                "book": book_of(each.strategy_id, each.timeframe),
                "closed_at": each.closed_at,
                "outcome": each.outcome,
                "why": each.reason,
            }
            for each in evidence.last_words_on(database, pair)
        ],
        "stream": _streamed(pipeline, pair),
        "history": [_needed(each) for each in bars_needed(pipeline, pair)],
        "halts": [str(each) for each in pipeline.halts() if _is_of_pair(each, pair)],
        "rules": asdict(known[pair]) if pair in known else {},
        "locks": [
            asdict(each)
            for each in locks_in_force(pipeline, now_in_the_books(pipeline))
            if each.pair in {"", pair}
        ],
        "positions": [
            asdict(each) for each in pipeline.stores.books.positions() if each.pair == pair
        ],
        "open_orders": [
            {"local_id": each.local_id, "side": each.side, "status": each.state, "qty": each.qty}
            for each in pipeline.stores.orders.reserving()
            if each.pair == pair
        ],
        "stops": [
            {
                "book": each.book,
                "missing_since": each.missing_since,
                "failures": each.failures,
                "why": each.last_error,
            }
            for each in stops_noted(pipeline, pair)
        ],
        "denials": [
            {"assessed_at": each.assessed_at, "codes": [code for code, _ in each.objections]}
            for each in evidence.denials_of_pair(database, pair, limit=DENIALS)
        ],
    }


def _streamed(pipeline: Pipeline, pair: str) -> dict[str, object]:
    """Say how good the stream's price of a pair is; nothing where no stream was started."""
    board = board_of(pipeline.loaded.data_dir)
    if board is None:
        return {}
    now, feed = pipeline.clock(), board.pairs.get(pair)
    price = board.price(pair, now)
    found: dict[str, object] = {"doubts": sorted(board.doubts(pair, now))}
    if price is not None:
        found |= {"bid": price.bid, "ask": price.ask, "source": price.source}
        found |= {"quality": price.quality.name.lower()}
        found |= {"age_seconds": round(price.age.total_seconds(), 1)}
    if feed is not None:
        found |= {"status": feed.status, "gaps": feed.gaps, "untradable": feed.is_untradable}
        found |= {"checksum_failures": feed.checksum_failures}
    return found


def _needed(each: NeededBars) -> dict[str, object]:
    return {
        "timeframe": each.frame.name,
        "needed_by": ", ".join(each.strategies),
        "needed_from": datetime.fromtimestamp(each.within[0], tz=UTC),
        "needed": (each.within[1] - each.within[0]) // each.frame.seconds,
        "stored": each.stored,
        "sources": ", ".join(one.value for one in each.sources),
        "certified": not each.lacks,
        "uncertified": ", ".join(f"{one.gap.bars} {one.gap.reason.value}" for one in each.lacks),
        "remedy": each.lacks[0].remedy if each.lacks else "",
    }


def _asset(pipeline: Pipeline, asset: str) -> dict[str, Any]:
    snapshot = pipeline.stores.books.latest_snapshot()
    universe = pipeline.stores.universes.latest()
    pairs = [] if universe is None else [each for each in universe.managed if each.base == asset]
    names = {each.name for each in pairs}
    buckets = {
        bucket: balance
        for bucket, balance in pipeline.stores.books.replayed_balances().items()
        if is_of(bucket, asset)
    }
    if not names and not buckets:
        raise UnknownNameError(f"nothing of ours has to do with {asset!r}")
    drift = {} if snapshot is None else snapshot.drift
    return {
        "ledger": [
            {"bucket": bucket, "balance": balance, "drift": drift.get(bucket, "none")}
            for bucket, balance in buckets.items()
        ],
        "positions": [
            asdict(each) for each in pipeline.stores.books.positions() if each.pair in names
        ],
        "renamed": [
            asdict(each)
            for each in SqlConversionStore(pipeline.stores.database).conversions()
            if asset in {each.from_asset, each.to_asset}
        ],
        "unexplained": [
            {"entry_id": told.entry.entry_id, "at": told.entry.at, "why": told.why}
            for told in (each.told for each in pipeline.stores.ledger.unexplained())
            if is_of(told.entry.asset, asset)
        ],
        "in_flight": [
            {"entry_id": each.entry.entry_id, "since": each.entry.at, "qty": each.qty}
            for each in pipeline.stores.ledger.in_flight()
            if is_of(each.entry.asset, asset)
        ],
        "account": account_of(pipeline, asset, names),
        "newest_entries": evidence.entries_in(pipeline.stores.database, list(buckets)),
    }


def _is_of_pair(halt: Halt, pair: str) -> bool:
    return halt.scope.kind is ScopeKind.PAIR and halt.scope.name == pair


def _asset_or_bucket(pipeline: Pipeline, name: str) -> str:
    """Return our name of an asset, or what was typed: the ledger may have what nobody lists."""
    try:
        return asset_named(pipeline, name, option="ASSET")
    except UnknownNameError:
        if name not in pipeline.stores.books.replayed_balances():
            raise
        return name


def is_of(bucket: str, asset: str) -> bool:
    """Tell whether Kraken's name of a balance is one of an asset: `ZUSD`, `XXBT`, `XBT.F`."""
    name = bucket.partition(".")[0]
    return name in {asset, f"X{asset}", f"Z{asset}"}


def print_sections(title: str, sections: Mapping[str, Any], *, as_json: bool) -> None:
    """Print sections under a title, or as one JSON document without it."""
    if as_json:
        print_json(sections)
        return
    sys.stdout.write(f"{title}\n")
    for name, section in sections.items():
        sys.stdout.write(f"\n{name.replace('_', ' ')}\n")
        for line in _lines(section) or ["none"]:
            sys.stdout.write(f"  {line}\n")


def _lines(section: object) -> list[str]:
    """Return a section as lines: of a mapping one a name, of a list one an entry."""
    if isinstance(section, Mapping):
        return [f"{name.replace('_', ' '):<{WIDTH}} {_said(of)}" for name, of in section.items()]
    if isinstance(section, Sequence) and not isinstance(section, str):
        return _columns(section) or [_said(each) for each in section]
    return [] if section is None else [_said(section)]


def _columns(rows: Sequence[object]) -> list[str]:
    """Return rows of the same names as columns under them, or nothing where they are no table."""
    cells = [
        {str(name): _said(of) for name, of in each.items()}
        for each in rows
        if isinstance(each, Mapping)
    ]
    names = list(cells[0]) if cells else []
    if len(cells) < max(len(rows), 2) or any(list(each) != names for each in cells):
        return []
    table = [{name: name.replace("_", " ") for name in names}, *cells]
    widths = {name: max(len(each[name]) for each in table) for name in names}
    if sum(widths.values()) > WIDEST_TABLE:
        return []
    return [
        "  ".join(f"{each[name]:<{width}}" for name, width in widths.items()).rstrip()
        for each in table
    ]


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name}={_said(of)}" for name, of in value.items() if of not in (None, "")
        )
    if isinstance(value, list | tuple | frozenset):
        return "; ".join(_said(each) for each in value) or "none"
    return text(value)
