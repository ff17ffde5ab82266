"""What is known of a pair during one assessment: worked out once, however much is wished of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.habits import moves_apart
from kraken_pipeline.domain.locks import Lock, LockKind, locked_until, locks_over
from kraken_pipeline.domain.market import Pair, Quote
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.values import quickly_made
from kraken_pipeline.services.ports.decisions import Assessment
from kraken_pipeline.services.risk.world import World


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """What a case is told of its pair; no order changes any of it."""

    rate: Decimal | None
    """Base currency per quote unit; None where no price of now can be believed."""
    fee_share: Decimal
    quote: Quote | None
    doubts: frozenset[Doubt]
    stream_age: timedelta | None
    notional_24h: Decimal
    """In base currency, as the next."""
    usual_notional: Decimal
    in_universe: bool
    cooling_until: datetime | None
    locks: tuple[Lock, ...]


class PairBook:
    """The facts of every pair that was asked of."""

    def __init__(self, world: World, assessment: Assessment, *, has_clusters: bool) -> None:
        """Take what is known at this instant.

        Args:
            world: prices, fees and habits.
            assessment: cooldowns and locks, read in its transaction.
            has_clusters: whether it counts what moves as one with a pair.
        """
        self._world = world
        self._members = frozenset(world.universe.names)
        self._cooldowns = assessment.cooldowns()
        self._locks = assessment.locks(world.now)
        self._has_clusters = has_clusters
        self._known: dict[str, PairFacts] = {}
        self._apart: dict[str, frozenset[Asset]] = {}

    def of(self, pair: Pair) -> PairFacts:
        """Return the facts of a pair."""
        known = self._known.get(pair.name)
        if known is None:
            known = self._known[pair.name] = self._facts(pair)
        return known

    def apart(self, pair: Pair) -> frozenset[Asset]:
        """Return the assets that are known not to move as one with a pair's base.

        None where no cap asks.
        """
        if not self._has_clusters:
            return frozenset()
        known = self._apart.get(pair.name)
        if known is None:
            known = self._apart[pair.name] = self._moving_apart(pair)
        return known

    def _facts(self, pair: Pair) -> PairFacts:
        world = self._world
        rate, ticker = world.rate(pair.quote), world.tickers.get(pair.name)
        notional_24h = ZERO if ticker is None or rate is None else ticker.notional_24h * rate
        locks = locks_over(self._locks, pair.name, world.now)
        return PairFacts(
            rate=rate,
            fee_share=world.fee_share(pair.name),
            quote=world.quoted.quotes.get(pair.name),
            doubts=world.quoted.doubts.get(pair.name, frozenset()),
            stream_age=world.quoted.ages.get(pair.name),
            notional_24h=notional_24h,
            usual_notional=self._usual_notional(pair, rate, notional_24h),
            in_universe=pair.name in self._members,
            cooling_until=self._cooling_until(pair, locks),
            locks=locks,
        )

    def _usual_notional(self, pair: Pair, rate: Decimal | None, notional_24h: Decimal) -> Decimal:
        """Return what usually trades in a day, but no more than in the last one.

        Where too few days are stored to tell, the last one is all that is known.
        """
        habit = self._world.habits.get(pair.name)
        if habit is None or habit.notional is None or rate is None:
            return notional_24h
        return min(habit.notional * rate, notional_24h)

    def _cooling_until(self, pair: Pair, locks: tuple[Lock, ...]) -> datetime | None:
        ends = (self._cooldowns.get(pair.name), locked_until(locks, LockKind.COOLDOWN))
        return max((each for each in ends if each is not None), default=None)

    def _moving_apart(self, pair: Pair) -> frozenset[Asset]:
        pairs, habits = self._world.pairs, self._world.habits
        apart: set[Asset] = set()
        alike = {pair.base}
        for name in habits.keys() & pairs.keys():
            side = apart if moves_apart(pair.name, name, habits) else alike
            side.add(pairs[name].base)
        return frozenset(apart - alike)
