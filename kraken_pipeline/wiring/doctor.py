"""Everything that must be right before trading, looked at once: each check with its remedy."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kraken_pipeline.domain import lifecycle
from kraken_pipeline.domain.dust import is_strategys
from kraken_pipeline.domain.errors import (
    ExchangeError,
    ImpossibleFactError,
    PipelineError,
    RefusedError,
    StorageError,
    UnreachableError,
)
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.preflight import Grounded
from kraken_pipeline.domain.remedies import REMEDIES
from kraken_pipeline.domain.switch import Keeper
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.market.universe import names_now, with_our_names
from kraken_pipeline.settings import load
from kraken_pipeline.wiring.barred import barring
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.configured import configured_strategies, stage_of
from kraken_pipeline.wiring.market_sign import ASKED, market_sign
from kraken_pipeline.wiring.modes import destination
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.protecting import unprotected
from kraken_pipeline.wiring.risk_rules import wants_stops
from kraken_pipeline.wiring.stream_sign import stream_sign
from kraken_pipeline.wiring.styles import strategy_styles
from kraken_pipeline.wiring.universe import universe_desk

LITTLE: Final = 100 * 2**20
"""Bytes below which a disk may be full before a person looks."""
SOME: Final = 2**30
HANDSHAKE_SECONDS: Final = 5
ONLINE: Final = "online"
START_OR_GO_ON: Final = "start `kraken-pipeline stream`, or `resume` to go on without"
LOOK_AT_THE_NETWORK: Final = "look at the network; nothing opens until it is heard"


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    level: Level
    said: str
    remedy: str = ""
    failure: PipelineError | None = None
    """What it would be to go on all the same; None where nothing failed."""


Check = Callable[[Pipeline], Iterator[Finding]]


def examine(
    environ: Mapping[str, str], *, opened: Callable[[Mapping[str, str]], Pipeline] = connect
) -> Iterator[Finding]:
    """Yield what every check finds; where the books cannot be opened, the rest is not looked at.

    Args:
        environ: the environment, usually `os.environ`.
        opened: opens the pipeline; another one for a program that stands in for the exchange.
    """
    try:
        loaded = load(environ)
        configured_strategies(loaded.settings)
        strategy_styles(loaded.settings)
        goes = destination(loaded)
    except PipelineError as failure:
        yield _failed("configuration", failure, "mend what is named; `config show` prints it all")
        return
    yield _ok("configuration", f"hash {loaded.hash[:12]}; orders go {goes.value}")
    for warning in loaded.warnings:
        yield Finding(check="configuration", level=Level.WARN, said=warning)
    try:
        pipeline = opened(environ)
    except PipelineError as failure:
        yield _failed("books", failure, "mend what is named; a newer program may have to open them")
        return
    with closing(pipeline):
        for name, (check, remedy) in CHECKS.items():
            try:
                yield from check(pipeline)
            except PipelineError as failure:
                yield _failed(name, failure, remedy)


def folders(pipeline: Pipeline) -> Iterator[Finding]:
    """The disk has room for what is to be written down."""
    loaded = pipeline.loaded
    free = shutil.disk_usage(loaded.data_dir).free
    said = f"{loaded.data_dir}: {free // 2**20} MiB free"
    if free < LITTLE:
        raise StorageError(said)
    yield Finding(
        check="disk",
        level=Level.OK if free >= SOME else Level.WARN,
        said=said,
        remedy="" if free >= SOME else "free some space: orders are written down before they leave",
    )


def books(pipeline: Pipeline) -> Iterator[Finding]:
    """The journal's chain is whole, the tables agree with it, and published ends are in it."""
    yield _ok("database", f"schema {pipeline.stores.database.schema_version()}")
    found = pipeline.audit()
    if found.faults:
        raise ImpossibleFactError("; ".join(found.faults))
    yield _ok("journal", f"{found.head.seq} entries, whole")


def bars(pipeline: Pipeline) -> Iterator[Finding]:
    """Every byte of the stored bars is as it was written."""
    from kraken_pipeline.wiring.histories import kept_store  # noqa: PLC0415 - Arrow is heavy

    store = kept_store(pipeline.loaded)
    found = [store.verify(frame) for frame in TIMEFRAMES.values()]
    damages = [damage for each in found for damage in each.damages]
    if damages:
        raise ImpossibleFactError(
            f"{len(damages)} damages, the first in {damages[0].timeframe} {damages[0].month}: "
            f"{damages[0].why}"
        )
    yield _ok("bars", f"{sum(each.rows for each in found)} stored, whole")


def halts(pipeline: Pipeline) -> Iterator[Finding]:
    """Nothing stops opening."""
    if pipeline.panic_file.exists():
        raise RefusedError(f"the panic file {pipeline.panic_file} is there")
    latched = pipeline.halts()
    for each in latched:
        yield Finding(
            check="halts",
            level=Level.FAIL,
            said=str(each),
            remedy=each.action,
            failure=RefusedError(str(each)),
        )
    if not latched:
        yield _ok("halts", "none")


def exchange(pipeline: Pipeline) -> Iterator[Finding]:
    """The exchange answers, is online, and lists what can be read."""
    status = pipeline.edge.market_now.system_status()
    if status != ONLINE:
        raise RefusedError(f"the exchange is in {status}")
    yield _ok("exchange", status)
    listing = pipeline.edge.market_now.listing()
    if not listing.pairs:
        raise UnreachableError("the listing holds no pair that can be read")
    yield _ok("listing", f"{len(listing.pairs)} pairs, {len(listing.left_out)} cannot be read")


def names(pipeline: Pipeline) -> Iterator[Finding]:
    """Every pair and currency that the configuration names is listed."""
    desk = universe_desk(pipeline)
    with_our_names(desk.rules, names_now(desk, desk.market.listing()))
    yield _ok("names", "every pair and currency that the configuration names is listed")


def account(pipeline: Pipeline) -> Iterator[Finding]:
    """The reader's key opens the account."""
    yield _ok("account", f"{len(pipeline.edge.account.balances())} balances")


def preflight(pipeline: Pipeline) -> Iterator[Finding]:
    """Live: keys, permissions and clock are as live orders need them; paper needs none of it."""
    if not pipeline.is_live:
        yield _ok("preflight", "not needed: no order of this mode reaches Kraken")
        return
    from kraken_pipeline.wiring.live import LiveEdge  # noqa: PLC0415 - paper never loads it

    edge = pipeline.edge
    if not isinstance(edge, LiveEdge):
        raise ExchangeError("this live pipeline is on an exchange that cannot be examined")
    outcome = edge.preflight()
    objections = outcome.objections if isinstance(outcome, Grounded) else ()
    for each in objections:
        yield Finding(
            check="preflight",
            level=Level.FAIL,
            said=str(each),
            remedy="`keys doctor` says what a key lacks; README, Live, says what must hold",
            failure=RefusedError(str(each)),
        )
    for each in outcome.warnings:
        yield Finding(check="preflight", level=Level.WARN, said=str(each))
    if not objections:
        yield _ok("preflight", "keys, permissions, clock and gates are as live needs them")


def stream(pipeline: Pipeline) -> Iterator[Finding]:
    """The account's stream can be reached, and whoever was to hear it does."""
    sign = stream_sign(pipeline.loaded.data_dir, system_now())
    if sign is not None:
        yield _hearing("stream", sign.said, is_alive=sign.is_alive, is_told=sign.is_told)
        return
    _shake_hands(pipeline.edge.private_way.url)
    yield _ok("stream", "can be reached; no listener was started, orders are polled")


def market_stream(pipeline: Pipeline) -> Iterator[Finding]:
    """The market's stream can be reached, and whoever was to hear it does."""
    sign = market_sign(pipeline.loaded.data_dir, system_now())
    if sign is not None:
        yield _hearing("market stream", sign.said, is_alive=sign.is_alive, is_told=sign.is_heard)
        return
    _shake_hands(pipeline.edge.public_way.url)
    yield _ok("market stream", f"can be reached; {ASKED}")


def _hearing(check: str, said: str, *, is_alive: bool, is_told: bool) -> Finding:
    if is_alive and is_told:
        return _ok(check, said)
    remedy = LOOK_AT_THE_NETWORK if is_alive else START_OR_GO_ON
    return Finding(
        check=check,
        level=Level.FAIL,
        said=said,
        remedy=remedy,
        failure=UnreachableError(said),
    )


def protection(pipeline: Pipeline) -> Iterator[Finding]:
    """Every holding has the stop that it should have."""
    bare = unprotected(pipeline)
    if bare:
        raise RefusedError("; ".join(f"no stop for {each}: {why}" for each, why in bare.items()))
    if wants_stops(pipeline.loaded.settings):
        yield _ok("stops", "none is missing")


def guard(pipeline: Pipeline) -> Iterator[Finding]:
    """Somebody renews the dead man's switch."""
    if pipeline.keeper is Keeper.LOST:
        raise RefusedError("the guardian is lost: nobody renews the dead man's switch")
    switch = pipeline.stores.switches.switch()
    yield _ok("switch", f"{switch.said}; kept by {pipeline.keeper.value}")


def orders(pipeline: Pipeline) -> Iterator[Finding]:
    """Books and exchange were compared, and agree."""
    agreement = pipeline.agreement
    last, missing = agreement.last, agreement.passes_missing
    said = "never compared" if last is None else f"{last.outcome.value} at {last.at:%F %T}"
    yield Finding(
        check="reconciliation",
        level=Level.WARN if missing else Level.OK,
        said=said,
        remedy=f"clean passes still needed: {missing}; `kraken-pipeline reconcile`"
        if missing
        else "",
    )


def stages(pipeline: Pipeline) -> Iterator[Finding]:
    """Every strategy may open something at its stage; one that is not asked holds nothing."""
    settings = pipeline.loaded.settings
    says = barring(pipeline)
    for each in settings.strategies.running():
        stage, why = stage_of(settings, each), says(each)
        if not why:
            yield _ok("stages", f"{each} is at {stage}")
            continue
        yield Finding(
            check="stages",
            level=Level.WARN,
            said=f"{each} opens nothing: {why}",
            remedy=REMEDIES["LIFECYCLE"],
        )
        if stage not in lifecycle.ASKED and (held := _held_by(pipeline, each)):
            yield Finding(
                check="stages",
                level=Level.WARN,
                said=f"{each} is not asked at {stage}, so that nobody sells its {', '.join(held)}",
                remedy=f"strategies.configs.{each}.stage: retired, until all is sold",
            )
    for each in _left_behind(pipeline):
        yield Finding(
            check="stages",
            level=Level.WARN,
            said=f"{each} does not run, so that nobody sells its "
            f"{', '.join(_held_by(pipeline, each))}",
            remedy=f"add it to strategies.enabled with strategies.configs.{each}.stage: retired, "
            f"or `kraken-pipeline flatten --strategy {each}`",
        )


def _left_behind(pipeline: Pipeline) -> list[str]:
    """Return the strategies that hold something and do not run; what a person holds is his."""
    names = {
        each.book.partition("@")[0]
        for each in pipeline.stores.books.positions()
        if is_strategys(each)
    }
    return sorted(names - set(pipeline.loaded.settings.strategies.running()))


def _held_by(pipeline: Pipeline, strategy_id: str) -> list[str]:
    return [
        f"{plain(each.qty)} {each.pair}"
        for each in pipeline.stores.books.positions()
        if each.qty and each.book.partition("@")[0] == strategy_id
    ]


CHECKS: Final[Mapping[str, tuple[Check, str]]] = {
    "disk": (folders, "free some space: orders are written down before they leave"),
    "journal": (books, "open nothing; bring back a backup, or ask who wrote to the database"),
    "bars": (
        bars,
        "`kraken-pipeline history verify` names all of it, `history repair` takes it out",
    ),
    "halts": (halts, "look at the cause, then `kraken-pipeline resume`"),
    "exchange": (exchange, "wait, or look at status.kraken.com"),
    "names": (names, "mend what is named: until then no universe is made and nothing is decided"),
    "account": (account, "`kraken-pipeline keys doctor` says what is wrong with the key"),
    "preflight": (preflight, "`kraken-pipeline keys doctor` says what is wrong with the key"),
    "stream": (stream, "look at the network; orders are polled meanwhile"),
    "market stream": (market_stream, "look at the network; prices are asked of REST meanwhile"),
    "stops": (protection, "sell what has no stop, or see why the exchange refuses it"),
    "switch": (guard, "start `kraken-pipeline guard` again, or `resume` to go on without"),
    "stages": (stages, "give the strategy another stage under strategies.configs"),
    "reconciliation": (orders, "`kraken-pipeline reconcile`"),
}
"""Name to check, in the order in which they are made, and what helps where one cannot be made."""


def _ok(check: str, said: str) -> Finding:
    return Finding(check=check, level=Level.OK, said=said)


def _failed(check: str, failure: PipelineError, remedy: str) -> Finding:
    return Finding(check=check, level=Level.FAIL, said=str(failure), remedy=remedy, failure=failure)


def _shake_hands(url: str) -> None:
    from websockets.exceptions import WebSocketException  # noqa: PLC0415 - nobody else needs it
    from websockets.sync.client import connect as opened  # noqa: PLC0415 - the same

    try:
        with opened(url, open_timeout=HANDSHAKE_SECONDS, proxy=None):
            return
    except (OSError, WebSocketException) as failure:
        raise UnreachableError(f"the stream {url} cannot be opened: {failure}") from failure
