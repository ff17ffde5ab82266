"""Showing what a strategy needs before it may touch money: each proof is made, and kept (STG-7)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.parity import Parity
from kraken_pipeline.domain.proofs import Proof, Shown, Subject, newest, parameters_hash
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.services.research import verdict
from kraken_pipeline.services.research.conduct import EVIDENCE, PLAN
from kraken_pipeline.services.research.plan import Evidence, Plan, Scheme
from kraken_pipeline.settings import Loaded
from kraken_pipeline.store.proofs import ProofFiles
from kraken_pipeline.store.searches import SearchFiles
from kraken_pipeline.strategies.checks import CHECKS, made_up, tried
from kraken_pipeline.wiring.code_stamp import source_hash
from kraken_pipeline.wiring.configured import configured, subjects
from kraken_pipeline.wiring.evaluation import tried_within
from kraken_pipeline.wiring.modes import SIMULATED, books_of
from kraken_pipeline.wiring.parity import compare

NO_WISH: Final = (
    "it wished for nothing, so that hardly anything is shown: try more --closes, another --seed, "
    "or parameters that are met more often"
)
NO_SEARCH: Final = (
    "no search that walks forward was ended for this version with these parameters: "
    "`kraken-pipeline backtest search --strategy {} --timeframe {} ...`"
)
MADE_UP: Final = (
    "the market of this data folder is made up: with paper.market: kraken and a folder of its own "
    "paper trades on Kraken's prices, and history is Kraken's"
)
NOT_TRADED: Final = (
    "nothing was traded with these parameters in any of its tests, so that they tell nothing"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a strategy is to be tried."""

    closes: int
    """Of the made-up market, for look-ahead and warm-up."""
    seed: int
    """Of that market."""
    days: int | None
    """How many of the last ones on paper are compared; None for all since it is as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One strategy on one timeframe, to be shown."""

    loaded: Loaded
    of: Configured
    subject: Subject
    asked: Asked
    now: datetime
    compared: Callable[[], Mapping[str, Parity | str]]
    """Compares paper with a backtest, once for all timeframes."""

    @property
    def made_up(self) -> tuple[str, ...]:
        """Why nothing that was seen of the market here counts; nothing where it does."""
        return (MADE_UP,) if books_of(self.loaded.data_dir) == SIMULATED else ()

    def shown(
        self, proof: Proof, *, faults: tuple[str, ...], notes: tuple[str, ...], report: object
    ) -> Shown:
        """Return what was shown: a proof where there is no fault."""
        return Shown(
            proof=proof,
            of=self.subject,
            at=self.now,
            holds=not faults,
            said=faults or notes,
            report=report if isinstance(report, Mapping) else {},
            code=source_hash(self.of.strategy),
        )


def prove(
    loaded: Loaded, strategy_id: str, proofs: tuple[Proof, ...], asked: Asked, *, now: datetime
) -> Iterator[tuple[Shown, str]]:
    """Show a strategy on each of its timeframes, and keep and yield what came, with its hash.

    Args:
        loaded: the configuration.
        strategy_id: as it is configured.
        proofs: what is to be shown.
        asked: how.
        now: of what is kept.

    Raises:
        ConfigurationError: it is configured wrongly, or a file that is read is torn.
    """
    of, store = configured(loaded.settings, strategy_id), ProofFiles(loaded.data_dir)
    compared = cache(partial(compare, loaded, of, days=asked.days, now=now))
    for subject in subjects(of):
        bench = Bench(
            loaded=loaded, of=of, subject=subject, asked=asked, now=now, compared=compared
        )
        for proof in proofs:
            shown = MAKERS[proof](bench)
            yield shown, store.keep(shown)


def kept(loaded: Loaded, strategy_id: str) -> Iterator[tuple[Proof, Subject, Shown | None, str]]:
    """Yield every proof that a strategy needs for real money, with what is kept of it and its hash.

    Raises:
        ConfigurationError: it is configured wrongly, or a file is torn.
    """
    hashes = ProofFiles(loaded.data_dir).of(strategy_id)
    shown = [each for each, _ in hashes]
    for proof in Proof:
        for subject in subjects(configured(loaded.settings, strategy_id)):
            found = newest(shown, proof, subject)
            known = next((known for each, known in hashes if each is found), "")
            yield proof, subject, found, known


def code_of(loaded: Loaded, strategy_id: str) -> str:
    """Return the hash of the file that decides for a strategy now; see `source_hash`.

    Raises:
        ConfigurationError: it is configured wrongly.
    """
    return source_hash(configured(loaded.settings, strategy_id).strategy)


def adopt(loaded: Loaded, strategy_id: str, folder: Path) -> tuple[Shown, ...]:
    """Take over what another data folder keeps of a strategy as it is configured here.

    What is of another version or of other parameters stays where it is, and so does what is older
    than what is kept here.

    Raises:
        ConfigurationError: it is configured wrongly, or a file is torn.
        InvalidValueError: that folder keeps nothing of the strategy as it is here.
    """
    theirs = [each for each, _ in ProofFiles(folder).of(strategy_id)]
    ours = ProofFiles(loaded.data_dir)
    mine = [each for each, _ in ours.of(strategy_id)]
    wanted = subjects(configured(loaded.settings, strategy_id))
    found = [newest(theirs, proof, subject) for proof in Proof for subject in wanted]
    taken = tuple(
        each
        for each in found
        if each is not None
        and ((have := newest(mine, each.proof, each.of)) is None or have.at < each.at)
    )
    if not any(found):
        named = "; ".join(each.said for each in wanted)
        raise InvalidValueError(f"{folder} keeps no proof of {strategy_id} as it is here: {named}")
    for each in taken:
        ours.keep(each)
    return taken


def _look_ahead(bench: Bench) -> Shown:
    asked, of = bench.asked, bench.of
    frame = timeframe(bench.subject.timeframe)
    came = tried(
        made_up(
            tried_within(of.strategy, bench.loaded.settings.strategies, frame),
            frame,
            of.parameters,
            closes=asked.closes,
            seed=asked.seed,
        )
    )
    faults = tuple(map(str, came.faults)) or (() if came.wishes else (NO_WISH,))
    report = {
        "checks": list(CHECKS),
        "closes": came.closes,
        "wishes": came.wishes,
        "seed": asked.seed,
    }
    return bench.shown(Proof.LOOK_AHEAD, faults=faults, notes=(), report=report)


def _walk_forward(bench: Bench) -> Shown:
    found = max(_searches(bench), key=lambda each: each[0].plan.wanted.whole.until, default=None)
    if found is None:
        lacks = NO_SEARCH.format(bench.subject.strategy_id, bench.subject.timeframe)
        return bench.shown(Proof.WALK_FORWARD, faults=(lacks,), notes=(), report={})
    evidence, known = found
    # of what is configured, what it came to counts, and not what else was chosen in its place
    is_as_it_was = evidence.parameters == bench.subject.parameters
    tests = [each.unchosen if is_as_it_was else each.came for each in evidence.fitted]
    # who buys a little at a time and holds has no round trip, and days that tell of it
    traded = () if any(each.trades or each.fills for each in tests) else (NOT_TRADED,)
    return bench.shown(
        Proof.WALK_FORWARD,
        faults=(*bench.made_up, *traded),
        notes=verdict.words(evidence),
        report={
            "search": evidence.plan.search_id,
            "sha256": known,
            "data_digest": evidence.data_digest,
            "figures": dict(verdict.figures(evidence)),
        },
    )


def _searches(bench: Bench) -> Iterator[tuple[Evidence, str]]:
    """Yield the searches that walk forward with the strategy as it is configured."""
    store, subject = SearchFiles(bench.loaded.data_dir), bench.subject
    for name in store.names():
        plan = store.read(name, PLAN, Plan)
        told = plan.wanted.strategy_id, plan.wanted.timeframe
        is_of_it = (*told, plan.strategy_type, plan.strategy_version) == (
            *(subject.strategy_id, subject.timeframe),
            *(subject.type, subject.version),
        )
        if not is_of_it or plan.wanted.scheme is not Scheme.WALK_FORWARD:
            continue
        if store.has(name, EVIDENCE):
            found, known = store.read_with_hash(name, EVIDENCE, Evidence)
            if subject.parameters in {found.parameters, _chosen(bench.of, found)}:
                yield found, known


def _chosen(of: Configured, evidence: Evidence) -> str:
    """Name the parameters that a search chose last, on whose neighbours it tells, too."""
    with suppress(InvalidValueError):
        return parameters_hash(of.strategy.parameters(evidence.fitted[-1].chosen.parameters))
    return ""


def _parity(bench: Bench) -> Shown:
    found = bench.compared()[bench.subject.timeframe]
    if isinstance(found, str):
        return bench.shown(Proof.PARITY, faults=(found,), notes=(), report={})
    faults = (*bench.made_up, *found.faults)
    notes = tuple(f"{count} answers differ: {said}" for said, count in found.answers.items())
    return bench.shown(Proof.PARITY, faults=faults, notes=notes, report=found.figures)


MAKERS: Final[Mapping[Proof, Callable[[Bench], Shown]]] = MappingProxyType(
    {Proof.LOOK_AHEAD: _look_ahead, Proof.WALK_FORWARD: _walk_forward, Proof.PARITY: _parity}
)
"""What shows each."""
