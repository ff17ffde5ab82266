"""`halt` and `resume`."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.names import scope_named
from kraken_pipeline.cli.output import print_json, text
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.halts import EVERYTHING, Halt, Scope, ScopeKind
from kraken_pipeline.domain.orders import FATE_OPEN
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.protecting import unprotected


def scope_of(*, asset: str | None, pair: str | None, strategy: str | None) -> Scope:
    """Return the scope that the options name; everything where they name none.

    Raises:
        InvalidValueError: they name more than one, or one with nothing in it: an empty name may
            not turn a part into the whole.
    """
    named = [
        Scope(kind=kind, name=name)
        for kind, name in (
            (ScopeKind.ASSET, asset),
            (ScopeKind.PAIR, pair),
            (ScopeKind.STRATEGY, strategy),
        )
        if name is not None
    ]
    if len(named) > 1:
        raise InvalidValueError("a scope is one of --asset, --pair and --strategy")
    return named[0] if named else EVERYTHING


def run_halt(environ: Mapping[str, str], scope: Scope, *, reason: str, as_json: bool) -> None:
    """Latch the operator's halt. It only makes safer, so nobody is asked whether he is sure.

    Raises:
        UnknownNameError: there is nothing of the scope's name, so that nothing would be halted.
    """
    pipeline = connect(environ)
    try:
        scope = scope_named(pipeline, scope)
        news = pipeline.halt(reason=reason, by=actor(), scope=scope)
    finally:
        pipeline.close()
    if as_json:
        print_json({"halted": True, "scope": str(scope), "was_halted": not news})
        return
    what = f"nothing of {scope}" if scope.name else "nothing"
    sys.stdout.write(f"halted: {what} opens any more\n" if news else "was halted already\n")


def _latched_scope(pipeline: Pipeline, scope: Scope) -> Scope | None:
    """Return a scope as it was halted, in whatever spelling; None for everything.

    Raises:
        UnknownNameError: nothing is halted under the name, and there is nothing of it.
    """
    if not scope.name:
        return None
    is_halted = any(each.scope == scope for each in pipeline.halts())
    return scope if is_halted else scope_named(pipeline, scope)


def run_resume(environ: Mapping[str, str], scope: Scope, asked: Asked) -> None:
    """Show what speaks for and against it, and clear what is latched: all of it, or of a scope.

    Raises:
        RefusedError: in live, and nobody agreed.
        UnknownNameError: there is nothing of the scope's name, and no halt of it.
    """
    pipeline = connect(environ)
    try:
        wanted = _latched_scope(pipeline, scope)
        meant = [each for each in pipeline.halts() if wanted in {None, each.scope}]
        evidence = _evidence(pipeline, meant)
        if not asked.as_json:
            sys.stderr.write("".join(f"{each}\n" for each in evidence))
        if pipeline.is_live:
            effect = [f"clear {each}" for each in meant] or ["clear nothing but the panic file"]
            shown = evidence if asked.as_json else []
            require_consent([*effect, *shown], asked, word="resume")
        cleared, had_file = pipeline.resume(reason=asked.reason, by=actor(), scope=wanted)
    finally:
        pipeline.close()
    if asked.as_json:
        print_json({"cleared": cleared, "had_panic_file": had_file, "evidence": evidence})
        return
    file = "the panic file is gone" if had_file else "there was no panic file"
    sys.stdout.write(f"cleared {cleared} {'halt' if cleared == 1 else 'halts'}; {file}\n")


def _weighed(speaks_against: object, said: str) -> str:
    return f"{'against' if speaks_against else 'for':<8} {said}"


def _evidence(pipeline: Pipeline, meant: list[Halt]) -> list[str]:
    """Return what is latched and what the books say now, for and against going on (CLI-4)."""
    lines = [
        f"latched  {each}; since {text(each.latched_at)} by {each.latched_by}" for each in meant
    ]
    if pipeline.panic_file.exists():
        since = datetime.fromtimestamp(pipeline.panic_file.stat().st_mtime, UTC)
        lines.append(f"latched  the panic file, since {text(since)}")
    snapshot = pipeline.stores.books.latest_snapshot()
    doubtful = [each for each in pipeline.stores.orders.reserving() if each.state in FATE_OPEN]
    missing = pipeline.agreement.passes_missing
    bare = [f"{place}: {why}" for place, why in unprotected(pipeline).items()]
    if snapshot is not None:
        most = pipeline.loaded.settings.risk.max_daily_drawdown_pct
        fell = snapshot.drawdown * 100
        lines.append(_weighed(fell > most, f"drawdown {fell:.2f} % of {most} % allowed"))
        if snapshot.frozen:
            lines.append(_weighed(snapshot.frozen, f"worth is not known: {snapshot.frozen}"))
    agrees = snapshot is not None and not snapshot.drift
    books = "books equal the balances" if agrees else "books and balances are not known to agree"
    return [
        *lines,
        _weighed(not agrees, books),
        _weighed(doubtful, f"orders of which it is not known whether they exist: {len(doubtful)}"),
        _weighed(missing, f"clean passes of `reconcile` needed before anything opens: {missing}"),
        _weighed(bare, f"holdings without their stop: {'; '.join(bare) or 0}"),
    ]
