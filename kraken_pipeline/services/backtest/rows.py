"""A backtest's rows, named as the live tables name them, so that the same questions can be asked.

Amounts are text in plain digits, instants ISO 8601 in UTC.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty, plain
from kraken_pipeline.services.backtest.result import Result
from kraken_pipeline.services.backtest.trips import RoundTrip

Cell = str | int | float | None
Told = tuple[str, Mapping[str, str], Iterable[tuple[Cell, ...]]]
"""A table: its name, its columns with their types, its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a run."""

    columns: Mapping[str, str]
    """Name to SQLite's type."""
    rows: Callable[[Result], Iterable[tuple[object, ...]]]
    """In the order of the columns."""


def cell(value: object) -> Cell:
    """Return a value as it is kept."""
    written = _WAYS.get(type(value))
    if written is not None:
        return written(value)
    return value if isinstance(value, str | int | float) else canonical(value)


_AS_THEY_ARE: Final = frozenset({str, int, float, type(None)})
"""The types of most cells."""
_WAYS: Final[dict[type, Callable[[Any], Cell]]] = {Decimal: plain, datetime: datetime.isoformat}
"""How values of the types are kept that most others are of."""


def _cells(row: Iterable[object]) -> tuple[Cell, ...]:
    told = [each if type(each) in _AS_THEY_ARE else cell(each) for each in row]
    return tuple(told)  # type: ignore[arg-type]  # the types of those that are left alone are asked


def _texts(names: str, **others: str) -> Mapping[str, str]:
    return MappingProxyType(dict.fromkeys(names.split(), "TEXT") | others)


def _decisions(result: Result) -> Iterable[tuple[object, ...]]:
    for each in result.decisions:
        yield (
            each.decision_id,
            each.strategy_id,
            each.strategy_version,
            each.timeframe,
            each.closed_at,
            each.decided_at,
            each.outcome.value,
            each.reason,
            each.inputs_hash,
            dict(each.no_signals),
        )


def _intents(result: Result) -> Iterable[tuple[object, ...]]:
    for decision in result.decisions:
        for each in decision.intents:
            yield (
                each.intent_id,
                each.decision_id,
                each.strategy_id,
                each.timeframe,
                each.pair,
                each.side.value,
                each.action.value,
                each.confidence,
                each.stop_distance,
                each.decided_at,
                each.closed_at,
                each.expires_at,
                each.decision_price,
                each.reason,
            )


def _verdicts(result: Result) -> Iterable[tuple[object, ...]]:
    for plan in result.plans:
        for each in plan.verdicts:
            yield (
                each.intent_id,
                plan.plan_id,
                plan.assessed_at,
                each.pair,
                each.side.value,
                "approved" if each.approved else "denied",
                list(each.clamped_by),
                each.qty,
                each.limit_price,
                each.notional,
                each.figures,
            )


def _denials(result: Result) -> Iterable[tuple[object, ...]]:
    for plan in result.plans:
        for verdict in plan.verdicts:
            for position, each in enumerate(verdict.objections):
                yield verdict.intent_id, position, plan.plan_id, each.code, each.figures


def _orders(result: Result) -> Iterable[tuple[object, ...]]:
    for each in result.orders:
        yield (
            each.local_id,
            each.plan_id,
            each.intent_id,
            each.purpose.value,
            each.attempt,
            each.cl_ord_id,
            each.kraken_order_id,
            each.parent_id,
            each.strategy_id,
            each.timeframe,
            each.pair,
            each.side.value,
            each.order_type,
            each.time_in_force,
            int(each.post_only),
            None if each.trigger is None else each.trigger.price,
            each.state.value,
            each.qty,
            each.limit_price,
            each.filled_qty,
            each.avg_fill_price,
            each.fee,
            each.quote_rate,
            each.stop_distance,
            each.expires_at,
            each.last_error,
            each.created_at,
            each.updated_at,
        )


def _events(result: Result) -> Iterable[tuple[object, ...]]:
    for each in result.moves:
        event = each.event
        yield (
            each.local_id,
            each.version,
            each.to_status,
            event.fact.value,
            event.source,
            event.detail,
            event.at,
            event.filled_qty,
            event.avg_fill_price,
            event.fee,
        )


def _fills(result: Result) -> Iterable[tuple[object, ...]]:
    for each in result.fills:
        yield (
            each.trade_id,
            each.kraken_order_id,
            each.pair,
            each.side.value,
            each.price,
            each.qty,
            each.cost,
            each.fee,
            "maker" if each.maker else "taker",
            each.at,
            each.quote_rate,
            each.book,
        )


def _trips(result: Result) -> Iterable[tuple[object, ...]]:
    for each in result.trips:
        yield tuple(getattr(each, name) for name in TRIP)


def _positions(result: Result) -> Iterable[tuple[object, ...]]:
    for each in result.positions:
        yield each.book, each.pair, each.qty, each.cost, each.realised, each.fees


def _halts(result: Result) -> Iterable[tuple[object, ...]]:
    for each in result.halts:
        yield each.kind.value, str(each.scope), each.reason, each.latched_at


def _equity(result: Result) -> Iterable[tuple[Any, ...]]:
    columns = result.at.tolist(), result.equity.tolist(), result.exposure.tolist()
    return zip(*columns, strict=True)


TRIP: Final = tuple(RoundTrip.__slots__)
_AMOUNTS: Final = ("qty", "entry_price", "exit_price", "cost", "proceeds", "fees", "profit")
TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        "decisions": Table(
            columns=_texts(
                "decision_id strategy_id strategy_version timeframe closed_at decided_at outcome "
                "reason inputs_hash no_signals"
            ),
            rows=_decisions,
        ),
        "intents": Table(
            columns=_texts(
                "intent_id decision_id strategy_id timeframe pair side action confidence "
                "stop_distance decided_at closed_at expires_at decision_price reason"
            ),
            rows=_intents,
        ),
        "verdicts": Table(
            columns=_texts(
                "intent_id plan_id assessed_at pair side verdict clamped_by qty limit_price "
                "notional figures"
            ),
            rows=_verdicts,
        ),
        "denials": Table(
            columns=MappingProxyType(
                {
                    "intent_id": "TEXT",
                    "position": "INTEGER",
                    "plan_id": "TEXT",
                    "code": "TEXT",
                    "figures": "TEXT",
                }
            ),
            rows=_denials,
        ),
        "execution_orders": Table(
            columns=_texts(
                "local_id plan_id intent_id purpose attempt cl_ord_id kraken_order_id parent_id "
                "strategy_id timeframe pair side order_type time_in_force post_only trigger_price "
                "status volume price filled_volume avg_fill_price fee quote_rate stop_distance "
                "expires_at last_error created_at updated_at",
                attempt="INTEGER",
                post_only="INTEGER",
            ),
            rows=_orders,
        ),
        "execution_order_events": Table(
            columns=_texts(
                "local_id version to_status fact source detail at filled_volume avg_fill_price fee",
                version="INTEGER",
            ),
            rows=_events,
        ),
        "fills": Table(
            columns=_texts(
                "trade_id kraken_order_id pair side price qty cost fee liquidity at quote_rate book"
            ),
            rows=_fills,
        ),
        "trips": Table(columns=_texts(" ".join(TRIP)), rows=_trips),
        "positions": Table(
            columns=_texts("book pair qty cost realised fees"),
            rows=_positions,
        ),
        "halts": Table(columns=_texts("kind scope reason latched_at"), rows=_halts),
        "equity": Table(
            columns=MappingProxyType({"at": "INTEGER", "equity": "REAL", "exposure": "REAL"}),
            rows=_equity,
        ),
    }
)
"""Every table of a run, by name."""


def tables_of(
    result: Result,
) -> Iterator[tuple[str, Mapping[str, str], Iterable[tuple[Cell, ...]]]]:
    """Yield each table of a run: its name, its columns with their types, its rows."""
    for name, table in TABLES.items():
        yield name, table.columns, map(_cells, table.rows(result))


def fill_of(row: Mapping[str, Cell]) -> Fill:
    """Return the fill that a row of `fills` tells of."""
    amounts = {name: Decimal(str(row[name])) for name in ("cost", "fee", "quote_rate")}
    return Fill(
        trade_id=str(row["trade_id"]),
        kraken_order_id=str(row["kraken_order_id"]),
        pair=str(row["pair"]),
        side=Side(str(row["side"])),
        price=Price(Decimal(str(row["price"]))),
        qty=Qty(Decimal(str(row["qty"]))),
        maker=row["liquidity"] == "maker",
        at=datetime.fromisoformat(str(row["at"])),
        book=str(row["book"]),
        **amounts,
    )


def trip_of(row: Mapping[str, Cell]) -> RoundTrip:
    """Return the round trip that a row of `trips` tells of."""
    told = {name: str(row[name]) for name in TRIP}
    opened_at, closed_at = map(datetime.fromisoformat, (told["opened_at"], told["closed_at"]))
    amounts = {name: Decimal(told[name]) for name in _AMOUNTS}
    words = {name: told[name] for name in ("book", "pair", "why_opened", "why_closed")}
    exact: dict[str, Any] = {**words, **amounts}
    return RoundTrip(opened_at=opened_at, closed_at=closed_at, **exact)
