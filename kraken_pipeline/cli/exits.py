"""Exit codes: what a program may do next, told by one number (CLI-1)."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

import typer

from kraken_pipeline.domain import errors


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DENIED = 3
    REFUSED = 4
    UNKNOWN = 5
    DRIFT = 6
    STALE = 7
    AUTH = 8


MEANINGS: Final[Mapping[Exit, str]] = MappingProxyType(
    {
        Exit.DONE: "done",
        Exit.FAILED: "another process was first, or the books cannot be written",
        Exit.USAGE: "wrong use or configuration",
        Exit.DENIED: "denied by a safety rule, or not confirmed",
        Exit.REFUSED: "refused by the exchange",
        Exit.UNKNOWN: "fate unknown",
        Exit.DRIFT: "books and exchange, or books and journal, disagree; bars are damaged",
        Exit.STALE: "nothing reachable, or what is known is too old",
        Exit.AUTH: "key refused",
    }
)
OF_ERRORS: Final = (
    (errors.ConfigurationError, Exit.USAGE),
    (errors.InvalidValueError, Exit.USAGE),
    (errors.RefusedError, Exit.DENIED),
    (errors.LeaseLostError, Exit.DENIED),
    (errors.OrderRefusedError, Exit.REFUSED),
    (errors.AuthError, Exit.AUTH),
    (errors.UnreachableError, Exit.STALE),
    (errors.OutcomeUnknownError, Exit.UNKNOWN),
    (errors.UnexpectedReplyError, Exit.UNKNOWN),
    (errors.ImpossibleFactError, Exit.DRIFT),
    (errors.PipelineError, Exit.FAILED),
)
"""Error to exit code; the first that fits holds."""
_BOOKS: Final = (Exit.DONE, Exit.FAILED, Exit.USAGE)
"""Of a command that only looks into the books."""
_EXCHANGE: Final = (Exit.REFUSED, Exit.UNKNOWN, Exit.STALE, Exit.AUTH)
_READS: Final = (Exit.UNKNOWN, Exit.STALE)
"""Of a command that reads the exchange's public side."""
OF_COMMANDS: Final[Mapping[str, tuple[Exit, ...]]] = MappingProxyType(
    {
        "status": _BOOKS,
        "doctor": tuple(Exit),
        "halt": _BOOKS,
        "resume": (*_BOOKS, Exit.DENIED),
        "audit accept": (*_BOOKS, Exit.DENIED),
        "audit replay": (*_BOOKS, Exit.DRIFT, Exit.STALE),
        "audit verify": (*_BOOKS, Exit.DRIFT),
        "backtest compare": _BOOKS,
        "backtest list": _BOOKS,
        "backtest remove": _BOOKS,
        "backtest report": _BOOKS,
        "backtest run": _BOOKS,
        "backtest search": _BOOKS,
        "backtest show": _BOOKS,
        "config show": (Exit.DONE, Exit.USAGE),
        "explain asset": _BOOKS,
        "explain denial": _BOOKS,
        "explain drift": _BOOKS,
        "explain order": _BOOKS,
        "explain pair": _BOOKS,
        "history compact": (Exit.DONE, Exit.USAGE),
        "history fetch": (*_BOOKS, *_READS),
        "history gaps": (Exit.DONE, Exit.USAGE),
        "history import": (Exit.DONE, Exit.USAGE),
        "history plan": (*_BOOKS, *_READS),
        "history repair": (Exit.DONE, Exit.USAGE),
        "history show": (Exit.DONE, Exit.USAGE),
        "history verify": (Exit.DONE, Exit.USAGE, Exit.DRIFT),
        "keys doctor": (Exit.DONE, Exit.USAGE, Exit.DENIED, Exit.UNKNOWN, Exit.STALE, Exit.AUTH),
        "keys forget": (Exit.DONE, Exit.USAGE),
        "keys where": (Exit.DONE, Exit.USAGE),
        "orders amend": (*_BOOKS, Exit.DENIED, *_EXCHANGE),
        "orders resolve": (*_BOOKS, Exit.DENIED, *_EXCHANGE),
        "orders cancel": (*_BOOKS, Exit.DENIED, *_EXCHANGE),
        "orders list-open": _BOOKS,
        "orders recent-executions": _BOOKS,
        "orders show": _BOOKS,
        "panic": (Exit.DONE, Exit.USAGE, Exit.UNKNOWN, Exit.STALE, Exit.AUTH),
        "portfolio attribution": _BOOKS,
        "portfolio cost": _BOOKS,
        "portfolio days": _BOOKS,
        "portfolio export": _BOOKS,
        "portfolio fees": _BOOKS,
        "portfolio flows": _BOOKS,
        "portfolio performance": _BOOKS,
        "portfolio pnl": _BOOKS,
        "portfolio positions": _BOOKS,
        "portfolio show": _BOOKS,
        "portfolio trades": _BOOKS,
        "reconcile": (*_BOOKS, Exit.UNKNOWN, Exit.DRIFT, Exit.STALE, Exit.AUTH),
        "reconcile adjust": (*_BOOKS, Exit.DENIED, Exit.UNKNOWN, Exit.STALE, Exit.AUTH),
        "reconcile explain": _BOOKS,
        "simulator serve": (Exit.DONE, Exit.USAGE),
        "strategy check": (Exit.DONE, Exit.USAGE, Exit.DENIED),
        "strategy list": (Exit.DONE, Exit.USAGE),
        "strategy release": (*_BOOKS, Exit.DENIED),
        "strategy new": (Exit.DONE, Exit.USAGE),
        "universe explain": _BOOKS,
        "universe list": _BOOKS,
    }
)
"""Codes of a command, where they are not all of them."""


def code_of(error: errors.PipelineError) -> Exit:
    """Return the exit code of an error."""
    return next(code for kind, code in OF_ERRORS if isinstance(error, kind))


def document(app: typer.Typer, path: str = "") -> None:
    """Write under each command's help how it may end."""
    for command in app.registered_commands:
        name = command.name or str(getattr(command.callback, "__name__", "")).replace("_", "-")
        codes = OF_COMMANDS.get(f"{path}{name}", tuple(Exit))
        command.epilog = _said(codes)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            document(group.typer_instance, f"{path}{group.name} ")
            alone = group.typer_instance.registered_callback
            if alone is not None and alone.invoke_without_command:
                alone.epilog = _said(OF_COMMANDS.get(f"{path}{group.name}", tuple(Exit)))


def _said(codes: tuple[Exit, ...]) -> str:
    return "Exit codes: " + "; ".join(f"{each.value} {MEANINGS[each]}" for each in sorted(codes))
