"""`orders amend` and `orders resolve`: one order, changed or settled by a person."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.orders import brief, row_of
from kraken_pipeline.cli.output import print_json, text
from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import InvalidValueError, PipelineError, RefusedError
from kraken_pipeline.domain.fate import CLEAN_READS_NEEDED
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import FATE_OPEN, Order, State
from kraken_pipeline.services.orders.resolve import Evidence
from kraken_pipeline.store import operations
from kraken_pipeline.store.evidence import order_named
from kraken_pipeline.wiring import by_hand
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline, connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to change, as it was typed."""

    qty: str | None
    price: str | None
    trigger: str | None

    def amendment(self) -> Amendment:
        """Return it as the service takes it.

        Raises:
            InvalidValueError: nothing changes, or something is no amount above zero.
        """
        qty, price, trigger = (
            _amount(name, told)
            for name, told in (
                ("--qty", self.qty),
                ("--price", self.price),
                ("--trigger", self.trigger),
            )
        )
        return Amendment(
            qty=None if qty is None else Qty(qty),
            limit_price=None if price is None else Price(price),
            trigger_price=None if trigger is None else Price(trigger),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a person knows of an order of open fate; neither only shows the evidence."""

    absent: bool
    adopt: str | None
    """Kraken's id of the order that it is."""


def run_amend(environ: Mapping[str, str], name: str, change: Change, asked: Asked) -> Exit:
    """Change an order that rests and print what it became.

    Returns:
        `DONE` once the exchange shows it so, `REFUSED` where it stays as it was, `UNKNOWN` where
        that is not known yet.

    Raises:
        InvalidValueError: nothing is to change, or an amount is none.
        RefusedError: it may not be changed so, or in live nobody agreed.
    """
    amendment = change.amendment()
    pipeline = connect(environ)
    try:
        order = _order(pipeline, name)
        told = {
            "qty": amendment.qty,
            "price": amendment.limit_price,
            "trigger": amendment.trigger_price,
        }
        wanted = ", ".join(f"{of} to {text(each)}" for of, each in told.items() if each is not None)
        if pipeline.is_live:
            require_consent([f"change {wanted} of {order.local_id}"], asked, word="amend")
        owner = f"amend-{actor()}-{os.getpid()}"
        after = _recorded(
            pipeline,
            _operation("amend", order, asked),
            lambda: by_hand.amend(pipeline, order, amendment, why=asked.reason, owner=owner),
        )
    finally:
        pipeline.close()
    _show(after, as_json=asked.as_json)
    if after.state is State.AMENDING:
        return Exit.UNKNOWN
    is_so = all(
        wanted is None or wanted == now
        for wanted, now in (
            (amendment.qty, after.qty),
            (amendment.limit_price, after.limit_price),
            (amendment.trigger_price, None if after.trigger is None else after.trigger.price),
        )
    )
    return Exit.DONE if is_so else Exit.REFUSED


def run_resolve(environ: Mapping[str, str], name: str, verdict: Verdict, asked: Asked) -> Exit:
    """Show what speaks for and against that an order exists and, if told, settle it by hand.

    Returns:
        `DONE`.

    Raises:
        InvalidValueError: it was said to be absent and to be there.
        RefusedError: its fate is not open, the evidence is against it, or nobody agreed.
        ExchangeError: the exchange did not answer.
    """
    if verdict.absent and verdict.adopt is not None:
        raise InvalidValueError("it is --absent or to --adopt, not both")
    pipeline = connect(environ)
    try:
        order = _order(pipeline, name)
        if order.state not in FATE_OPEN:
            raise RefusedError(f"{order.local_id} is {order.state}: its fate is not open")
        found = by_hand.evidence(pipeline, order)
        lines = _evidence_lines(found)
        if not verdict.absent and verdict.adopt is None:
            _show_evidence(order, found, as_json=asked.as_json)
            return Exit.DONE
        if not asked.as_json:
            sys.stderr.write("".join(f"{each}\n" for each in lines))
        effect = [_effect(order, verdict), *(lines if asked.as_json else ())]
        require_consent(effect, asked, word="absent" if verdict.absent else "adopt")
        after = _recorded(
            pipeline,
            _operation("resolve", order, asked),
            lambda: _resolved(pipeline, order, verdict, asked),
        )
    finally:
        pipeline.close()
    _show(after, as_json=asked.as_json)
    return Exit.DONE


def _resolved(pipeline: Pipeline, order: Order, verdict: Verdict, asked: Asked) -> Order:
    if verdict.adopt is not None:
        return by_hand.adopt(pipeline, order, verdict.adopt, reason=asked.reason, by=actor())
    return by_hand.write_off(pipeline, order, reason=asked.reason, by=actor())


def _effect(order: Order, verdict: Verdict) -> str:
    if verdict.adopt is not None:
        return f"take {verdict.adopt} for {order.local_id}"
    frees = (
        f"what it sells is free after {CLEAN_READS_NEEDED} more looks that miss it"
        if order.side is Side.SELL
        else "its reservation ends"
    )
    return f"write off {order.local_id}: {frees}, and if it shows up after all, everything halts"


def _recorded(
    pipeline: Pipeline, operation: operations.Operation, act: Callable[[], Order]
) -> Order:
    """Do it between two entries of the journal: that it was asked for, and what came of it."""
    database = pipeline.stores.database
    operations.asked(database, operation, at=system_now())
    try:
        after = act()
    except PipelineError as failure:
        operations.failed(database, operation, at=system_now(), why=str(failure))
        raise
    operations.done(database, operation, at=system_now(), after=brief(after))
    return after


def _operation(act: str, order: Order, asked: Asked) -> operations.Operation:
    return operations.Operation(
        act=act,
        subject=order.local_id,
        actor=actor(),
        reason=asked.reason,
        before=brief(order),
    )


def _order(pipeline: Pipeline, name: str) -> Order:
    return pipeline.stores.orders.order(order_named(pipeline.stores.database, name))


def _amount(option: str, told: str | None) -> Decimal | None:
    try:
        return None if told is None else Decimal(told)
    except InvalidOperation:
        raise InvalidValueError(f"{option} is {told!r}, which is no amount") from None


def _evidence_lines(found: Evidence) -> list[str]:
    return [
        *(f"for absence      {each}" for each in found.for_absence or ("nothing",)),
        *(f"against absence  {each}" for each in found.against_absence or ("nothing",)),
        *(f"can be adopted   {each}" for each in found.echoes),
    ]


def _show_evidence(order: Order, found: Evidence, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "order": row_of(order),
                "for_absence": list(found.for_absence),
                "against_absence": list(found.against_absence),
                "can_be_adopted": list(found.echoes),
            }
        )
        return
    sys.stdout.write(f"{order.local_id} is {order.state}\n")
    sys.stdout.write("".join(f"{each}\n" for each in _evidence_lines(found)))
    sys.stdout.write("settle it with --absent or --adopt KRAKEN_ID, and --reason\n")


def _show(order: Order, *, as_json: bool) -> None:
    if as_json:
        print_json(row_of(order))
        return
    said = ", ".join(f"{name.replace('_', ' ')} {text(of)}" for name, of in brief(order).items())
    sys.stdout.write(f"{order.local_id}: {said}\n")
    if order.last_error:
        sys.stdout.write(f"{order.last_error}\n")
