"""AddExport, ExportStatus, RetrieveExport and RemoveExport.

Source: Kraken's OpenAPI file and recorded answers. A report takes two seconds to be made.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from kraken_pipeline.simulator import reports, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.bookings import ExportAsked, ExportRemoved
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.params import Params, RefusedError, invalid

LIFE: Final = timedelta(days=14)
LADDER: Final = (
    (timedelta(), "Queued"),
    (timedelta(seconds=1), "Processing"),
    (timedelta(seconds=2), "Processed"),
)
PROCESSED: Final = LADDER[-1][1]
_AHEAD: Final = timedelta(milliseconds=10)
"""By how much the times of events may run ahead of the clock, so that no two are alike."""
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


def add_export(exchange: Exchange, params: Params) -> str:
    """Answer AddExport: the report's data is that of the time it was asked for."""
    now = exchange.advance()
    report = params.text("report")
    if report not in reports.FIELDS:
        raise invalid("report")
    shape = params.text("format").upper() or "CSV"
    if shape not in reports.DELIMITERS:
        raise invalid("format")
    if "description" not in params:
        raise invalid("description")
    fields = tuple(name for name in params.names("fields") if name != "all")
    if not set(fields) <= set(reports.FIELDS[report]):
        raise invalid("fields")
    asset = params.text("asset") or "all"
    stamp = exchange.stamp(now)
    event = ExportAsked(
        at=stamp,
        id=identifier("", "export", *exchange.run_id(), exchange.account.events)[:4],
        report=report,
        format=shape,
        description=params.text("description"),
        fields=fields,
        asset="all" if asset == "all" else named.found_bucket(exchange.account, asset),
        start=_moment(params, "starttm", _BEGINNING),
        end=_moment(params, "endtm", stamp),
    )
    exchange.record(event)
    return wire.text({"id": event.id})


def _moment(params: Params, name: str, default: datetime) -> datetime:
    if name not in params:
        return default
    try:
        return datetime.fromtimestamp(float(params.number(name)), UTC)
    except (OverflowError, OSError, ValueError) as wrong:
        raise invalid(name) from wrong


def export_status(exchange: Exchange, params: Params) -> str:
    """Answer ExportStatus."""
    now = exchange.advance()
    report = params.text("report")
    if report not in reports.FIELDS:
        raise invalid("report")
    kept = exchange.account.funding.exports.values()
    return wire.text([_shown(each, now) for each in kept if each.report == report])


def retrieve_export(exchange: Exchange, params: Params) -> bytes:
    """Answer RetrieveExport: the report itself.

    Raises:
        RefusedError: there is no such report, or it is not ready.
    """
    now = exchange.advance()
    asked = _asked(exchange, params)
    if _status(asked, now) != PROCESSED:
        raise RefusedError("EExport:Not ready")
    return reports.archive(exchange.account, asked)


def remove_export(exchange: Exchange, params: Params) -> str:
    """Answer RemoveExport: `delete` is for reports that are ready, `cancel` for others."""
    now = exchange.advance()
    asked = _asked(exchange, params)
    right = "delete" if _status(asked, now) == PROCESSED else "cancel"
    if params.text("type") != right:
        raise invalid("type")
    exchange.record(ExportRemoved(at=exchange.stamp(now), id=asked.id))
    return wire.text({right: True})


def _asked(exchange: Exchange, params: Params) -> ExportAsked:
    found = exchange.account.funding.exports.get(params.text("id"))
    if found is None:
        raise invalid("id")
    return found


def _status(asked: ExportAsked, now: datetime) -> str:
    age = now - asked.at + _AHEAD
    return [name for since, name in LADDER if age >= since][-1]


def _shown(asked: ExportAsked, now: datetime) -> dict[str, str]:
    def seconds(at: datetime) -> str:
        return str(int(at.timestamp()))

    status = _status(asked, now)
    made = asked.at + LADDER[-1][0]
    return {
        "id": asked.id,
        "descr": asked.description,
        "format": asked.format,
        "report": asked.report,
        "subtype": "all",
        "status": status,
        "flags": "0",
        "fields": ",".join(asked.fields) or "all",
        "createdtm": seconds(asked.at),
        "expiretm": seconds(asked.at + LIFE),
        "starttm": seconds(asked.at + LADDER[1][0]) if status != LADDER[0][1] else "0",
        "completedtm": seconds(made) if status == PROCESSED else "0",
        "datastarttm": seconds(asked.start),
        "dataendtm": seconds(asked.end),
        "aclass": "currency" if asked.report == "ledgers" else "forex",
        "asset": asked.asset,
        "endtm": seconds(asked.end),
    }
