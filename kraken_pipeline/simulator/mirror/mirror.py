"""A mirror as a whole: what it asks, what it answers, and how it begins and ends."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from kraken_pipeline.simulator.api.methods import Answer
from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.exchange import PAIR_STATUSES, SYSTEM_STATUSES, Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.mirror.answers import answers
from kraken_pipeline.simulator.mirror.crowd import MirrorCrowd
from kraken_pipeline.simulator.mirror.follower import Follower
from kraken_pipeline.simulator.mirror.kept import Keeper
from kraken_pipeline.simulator.mirror.listing import listing_of
from kraken_pipeline.simulator.mirror.market import MirrorMarket
from kraken_pipeline.simulator.mirror.source import Source, required
from kraken_pipeline.simulator.mirror.upstream import Upstream

STRICTEST: Final = "cancel_only"
"""What is taken for a status that is not known here."""


class Mirror:
    """The public side of another exchange, made the market of this one."""

    def __init__(self, upstream: Upstream, clock: Clock) -> None:
        """Read what is listed.

        Raises:
            ValueError: there is no answer, or none that can be read.
        """
        self._source = Source(upstream, clock)
        self._clock = clock
        assets, pairs = (required(self._source, each) for each in ("Assets", "AssetPairs"))
        self.market: Final = MirrorMarket(upstream.url, listing_of(assets, pairs))
        self.public: Final[Mapping[str, Answer]] = answers(self._source)
        for each in ("SystemStatus", "Ticker"):
            required(self._source, each)
        self._seen: tuple[object, ...] = ()
        self._follower: Follower | None = None

    def exchange(self, journal: Journal) -> Exchange:
        """Return the exchange of this market, caught up with what was traded while it was off.

        Raises:
            StateError: what was kept is damaged.
        """
        crowd = MirrorCrowd(self._source, self.market, self._clock, Keeper(journal.folder))
        exchange = Exchange(self.market, self._clock, journal, crowd)
        exchange.watchers.append(partial(crowd.happened, exchange))
        self._follower = Follower(self._source, crowd.tape)
        crowd.take_in()
        crowd.follow(exchange, self._clock.now())
        for _ in self._follower.missed():
            crowd.take_in()
        self.market.at_each_tick.append(partial(self._tick, exchange, crowd))
        return exchange

    def begin(self) -> None:
        """Follow the market from now on."""
        if self._follower is not None:
            self._follower.begin()

    def look(self) -> None:
        """Ask once for what is due."""
        if self._follower is not None:
            self._follower.look()

    def bring(self, name: str) -> None:
        """Make the book of a pair young before an order comes to it; unknown names do nothing."""
        pair = self.market.listing.pair(name)
        if pair is not None and self._follower is not None:
            self._follower.bring(pair.key)

    def state(self) -> Mapping[str, object]:
        """Return where the data come from, how old they are, and what fails."""
        return self._source.state()

    def close(self) -> None:
        """End what runs and close the connections."""
        if self._follower is not None:
            self._follower.end()
        self._source.upstream.close()

    def _tick(self, exchange: Exchange, crowd: MirrorCrowd) -> None:
        """Let statuses follow those of the mirrored exchange, each time that these change."""
        crowd.take_in()
        told = crowd.statuses
        if self._seen == (told.system, told.pairs):
            return
        self._seen = (told.system, told.pairs)
        system = told.system if told.system in SYSTEM_STATUSES else STRICTEST
        if system != exchange.account.system:
            exchange.set_system(system)
        for pair in self.market.listing.pairs:
            status = told.pairs.get(pair.key, pair.status)
            status = status if status in PAIR_STATUSES else STRICTEST
            if status != exchange.account.pair_status.get(pair.key, pair.status):
                exchange.set_pair_status(pair, status)


def opened_mirror(url: str, clock: Clock) -> Mirror:
    """Return the mirror of an exchange at an address.

    Raises:
        ValueError: there is none at that address, or it doesn't answer; the message says what to
            do.
    """
    return Mirror(Upstream(url), clock)
