"""How much of each cap is used: what risk would find if something were wished for now."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.ids import DecisionId, IntentId
from kraken_pipeline.domain.intents import Action, Intent, Namespace
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.order_style import manner_of
from kraken_pipeline.domain.risk import Case
from kraken_pipeline.domain.risk.caps import CAP_RULES, Bears, Cap
from kraken_pipeline.services.ports.decisions import Assessment
from kraken_pipeline.services.risk.assess import RiskDesk, look, reserving_for
from kraken_pipeline.services.risk.cases import CaseMaker, style_of
from kraken_pipeline.services.risk.standing import Standing, unbooked_fills
from kraken_pipeline.services.risk.world import World

SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapUse:
    """How much of a cap is used, in base currency or as a number."""

    code: str
    of: str
    """What it is the cap of: an asset, a strategy; `all` for the whole account."""
    says: str
    used: Decimal
    """With all that is open at its worst."""
    most: Decimal
    places: int

    @property
    def room(self) -> Decimal:
        """What is left; below zero where it is overdrawn."""
        return self.most - self.used


def caps_in_use(desk: RiskDesk) -> tuple[CapUse, ...]:
    """Return how much is used of every cap, by what it is about.

    Each is asked as a buy of one would be, by the very rules: of what every strategy holds or may
    open, and of a pair of which nothing is held yet.

    Raises:
        InvalidValueError: there is no universe yet.
        ExchangeError: the exchange did not answer.
    """
    names = {each.pair for each in desk.orders.reserving()}
    names |= {each.pair for each in desk.books.positions() if each.qty}
    world = look(desk, names)
    with desk.orders.assessing() as assessment:
        cases = list(_cases(desk, world, assessment, names))
    return _uses(cases)


def _cases(
    desk: RiskDesk, world: World, assessment: Assessment, names: Iterable[str]
) -> Iterator[Case]:
    reserving = reserving_for(assessment, Namespace.TRADE)
    standing = Standing(
        world,
        assessment,
        reserving=reserving,
        unbooked=unbooked_fills(desk.orders, desk.books, reserving),
        base_currency=desk.base_currency,
        namespace=Namespace.TRADE,
    )
    maker = CaseMaker(desk, world, standing, assessment)
    held = {each.book.partition("@")[0] for each in assessment.positions() if each.qty}
    strategies = sorted(held | set(desk.strategy_caps) | {each.strategy_id for each in reserving})
    pairs = [world.pairs[each] for each in sorted(names) if each in world.pairs]
    pairs += [each for each in world.universe.members if each.base not in standing.assets][:1]
    for strategy in strategies or [""]:
        for pair in pairs:
            with suppress(InvalidValueError):
                yield _asked(desk, world, maker, strategy, pair)


def _asked(desk: RiskDesk, world: World, maker: CaseMaker, strategy: str, pair: Pair) -> Case:
    """Return the case of a buy of nothing.

    Raises:
        InvalidValueError: the pair has no price to buy at.
    """
    ticker = world.tickers.get(pair.name)
    if ticker is None:
        raise InvalidValueError(f"{pair.name} has no price")
    wish = Intent(
        intent_id=IntentId("I-status"),
        decision_id=DecisionId("D-status"),
        strategy_id=strategy,
        timeframe="",
        pair=pair.name,
        action=Action.ENTER,
        confidence=ZERO,
        stop_distance=Decimal(1),
        decided_at=world.now,
        closed_at=world.now,
        expires_at=world.now + SOON,
        decision_price=ticker.ask,
        reason="how much room is left",
        userref=None,
    )
    style = replace(style_of(desk, strategy), max_slippage_bps=10_000)
    offer = maker.offer(wish, pair, manner_of(style, None))
    return maker.asked(wish, pair, offer)


def _uses(cases: Iterable[Case]) -> tuple[CapUse, ...]:
    found: dict[tuple[str, str], CapUse] = {}
    for cap in CAP_RULES:
        for case in cases:
            of = _named(cap, case)
            most = cap.most(case)
            if of and most is not None:
                found[cap.code, of] = CapUse(
                    code=cap.code,
                    of=of,
                    says=cap.says,
                    used=cap.used(case),
                    most=most,
                    places=cap.places,
                )
    return tuple(found.values())


def _named(cap: Cap, case: Case) -> str:
    """Return what a cap is of in a case; nothing for one that bears on a single order."""
    names = {
        Bears.ORDER: "",
        Bears.PAIR: case.pair.name,
        Bears.ASSET: case.pair.base,
        Bears.STRATEGY: case.intent.strategy_id,
        Bears.ACCOUNT: "all",
    }
    return names[cap.bears]
