"""From a pipeline to its listener of the private stream."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial

from kraken_pipeline.domain.errors import ConfigurationError, ConflictError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.kraken.stream.account import Surroundings
from kraken_pipeline.kraken.stream.hosted import AccountStream
from kraken_pipeline.kraken.stream.upkeep import Terms
from kraken_pipeline.services.books.listen import ListenDesk, Listener
from kraken_pipeline.services.orders.hear import STREAM, HearDesk, hear
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.wiring import signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.streaming import StreamDesk, Streaming
from kraken_pipeline.wiring.switch import takes_orders


@contextmanager
def listening(pipeline: Pipeline, *, terms: Terms | None = None) -> Iterator[Streaming]:
    """Listen to the account's stream; there is one listener for a data folder.

    Args:
        pipeline: whose account.
        terms: how long the stream waits for what.

    Raises:
        ConfigurationError: nothing is traded here that could be heard, or another one listens.
        ExchangeError: the exchange does not answer.
    """
    if not takes_orders(pipeline):
        raise ConfigurationError("no order is sent that could rest, so there is none to hear of")
    presence = signs.Presence(pipeline.loaded.data_dir, signs.STREAM)
    with ExitStack() as opened:
        with ExitStack() as beginning:
            beginning.callback(presence.leave)
            stream = opened.enter_context(_stream(pipeline, terms))
            streaming = Streaming(_desk(pipeline, stream, presence))
            opened.callback(streaming.close)
            beginning.pop_all()
        yield streaming
    # a fault ends it without this word: then it is missed
    presence.leave()


@contextmanager
def _stream(pipeline: Pipeline, terms: Terms | None) -> Iterator[AccountStream]:
    way, stores = pipeline.edge.private_way, pipeline.stores
    way.symbols()  # the stream must not wait for them
    needs = Surroundings(
        fetch_token=way.fetch_token,
        symbols=way.symbols,
        catch_up=pipeline.edge.account,
        halt=halting(stores.halts, system_now),
        count=way.count,
    )
    stream = AccountStream(
        way.url,
        needs,
        since=stores.books.last_fill_at() or pipeline.clock(),
        connects=way.connects,
        random=random.Random(),  # noqa: S311 - it spreads pauses and hides nothing
        terms=terms,
    )
    with stream:
        yield stream


def _desk(pipeline: Pipeline, stream: AccountStream, presence: signs.Presence) -> StreamDesk:
    stores, window = pipeline.stores, pipeline.loaded.settings.execution.unknown_settle_seconds
    ears = HearDesk(orders=stores.orders, halts=stores.halts, clock=pipeline.clock)
    listener = Listener(
        ListenDesk(
            orders=stores.orders,
            foreign=stores.foreign,
            halts=stores.halts,
            hear=partial(hear, ears, source=STREAM),
            patience=timedelta(seconds=window),
            clock=pipeline.clock,
        )
    )
    return StreamDesk(
        stream=stream,
        listener=listener,
        orders=stores.orders,
        account=pipeline.edge.account,
        reconcile=partial(_compare, pipeline),
        show=lambda sign: presence.show(system_now(), **sign),
        settle_window=timedelta(seconds=window),
        clock=pipeline.clock,
    )


def _compare(pipeline: Pipeline, cause: Cause, has_fills: bool) -> None:  # noqa: FBT001 - as the desk calls it
    pipeline.reconcile(cause, run_id=STREAM, full=has_fills)
    pipeline.finish_plans()


def halting(halts: HaltStore, clock: Clock) -> Callable[[str], None]:
    """Return what latches a halt without keeping its caller waiting: the books may be busy.

    Where they are so busy that it cannot be written, it is tried until it is.
    """

    def latch(why: str) -> None:
        is_latched = False
        while not is_latched:
            with suppress(ConflictError):
                halts.latch(HaltKind.DATA, reason=why, at=clock(), by=STREAM)
                is_latched = True

    return lambda why: threading.Thread(target=latch, args=(why,), daemon=True).start()
