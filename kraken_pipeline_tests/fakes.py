"""Small stand-ins that keep their promises: what dies, what loses an answer, what comes late."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import ExchangeError, OrderRefusedError, OutcomeUnknownError
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.services.ports.gateway import Gateway

T = TypeVar("T")


class Crash(BaseException):
    """The process ended here. Nothing of ours may catch it."""


@dataclass
class Fuse:
    """Burns down with every step; from its end on, whatever the process does is not done."""

    steps: int

    def burn(self) -> None:
        if self.steps <= 0:
            raise Crash
        self.steps -= 1


def crashing(target: T, fuse: Fuse) -> T:
    """Return the target, dying before or after a call that changes something, as the fuse has it.

    Dying before a read leaves what dying after the change before it leaves. A dead process writes
    nothing more, also not in a `finally`.
    """
    return cast("T", _Crashing(target, fuse))


CHANGES: Final = frozenset(
    {
        *("assessing", "keep", "record", "record_all", "record_refusal"),
        *("take_lease", "release_lease", "note_result"),
        *("note_clean_read", "book", "keep_snapshot", "prune_snapshots"),
        *("plan", "adopt", "note", "forget"),
        *("booking", "keep_price", "replace_moves", "keep_books", "retry_unpriced"),
        *("add", "add_batch", "amend", "cancel", "cancel_many"),
    }
)
"""Methods of stores and gateways that leave something behind."""


class _Crashing:
    def __init__(self, target: object, fuse: Fuse) -> None:
        self._target = target
        self._fuse = fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._target, name)
        if name not in CHANGES:
            return method

        def step(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - of any method
            self._fuse.burn()
            answer = method(*args, **kwargs)
            if hasattr(answer, "__enter__"):
                return self._crashing_inside(answer)
            self._fuse.burn()
            return answer

        return step

    @contextmanager
    def _crashing_inside(self, context: Any) -> Iterator[Any]:  # noqa: ANN401 - of any method
        with context as opened:
            yield _Crashing(opened, self._fuse)
            self._fuse.burn()
        self._fuse.burn()


@dataclass
class Passing:
    """A gateway that hands on everything to another; what it should do else, it says."""

    gateway: Gateway

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        return self.gateway.request_of(order, deadline=deadline)

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        return self.gateway.add(order, deadline=deadline)

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | Rehearsed | OrderRefusedError, ...]:
        return self.gateway.add_batch(orders, deadline=deadline)

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        return self.gateway.amend(kraken_order_id, amendment, deadline=deadline)

    def cancel(self, kraken_order_id: str) -> None:
        self.gateway.cancel(kraken_order_id)

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        return self.gateway.cancel_many(kraken_order_ids)


@dataclass
class Lossy(Passing):
    """A gateway whose answers to orders never arrive; the orders do, or do not."""

    arrives: bool = True
    error: type[ExchangeError] = OutcomeUnknownError
    times: int = 1
    """How many answers are lost."""
    asked: list[str] = field(default_factory=list)
    """Ours of every order that was to be sent."""

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        self.asked.append(order.local_id)
        self.times -= 1
        if self.times < 0:
            return self.gateway.add(order, deadline=deadline)
        if self.arrives:
            self.gateway.add(order, deadline=deadline)
        raise self.error("the answer was lost")

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | Rehearsed | OrderRefusedError, ...]:
        self.asked += [each.local_id for each in orders]
        self.times -= 1
        if self.times < 0:
            return self.gateway.add_batch(orders, deadline=deadline)
        if self.arrives:
            self.gateway.add_batch(orders, deadline=deadline)
        raise self.error("the answer was lost")

    def cancel(self, kraken_order_id: str) -> None:
        self._pass_on(lambda: self.gateway.cancel(kraken_order_id))

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        self._pass_on(lambda: self.gateway.cancel_many(kraken_order_ids))
        return len(kraken_order_ids)

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        self._pass_on(lambda: self.gateway.amend(kraken_order_id, amendment, deadline=deadline))
        return Amended(amend_id="", kraken_order_id=kraken_order_id)

    def _pass_on(self, request: Callable[[], object]) -> None:
        self.times -= 1
        if self.times < 0 or self.arrives:
            request()
        if self.times >= 0:
            raise self.error("the answer was lost")


@dataclass
class Interrupted(Passing):
    """A gateway before or after whose order something happens elsewhere."""

    before: Callable[[Order], object] = lambda order: None
    after: Callable[[Order], object] = lambda order: None

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        self.before(order)
        try:
            return self.gateway.add(order, deadline=deadline)
        finally:
            self.after(order)


def overriding(target: T, **methods: Callable[..., object]) -> T:
    """Return the target with some of its methods replaced."""
    return cast("T", _Overriding(target, methods))


class _Overriding:
    def __init__(self, target: object, methods: Mapping[str, Callable[..., object]]) -> None:
        self._target = target
        self._methods = methods

    def __getattr__(self, name: str) -> object:
        return self._methods.get(name) or getattr(self._target, name)
