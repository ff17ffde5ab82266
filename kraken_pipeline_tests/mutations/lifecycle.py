"""Rules of a strategy's life: who may spend money, with what proofs, within how much."""

from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation, mutations

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *mutations(
        "domain/lifecycle.py",
        ("domain/test_lifecycle.py",),
        (
            "paper opens nothing with real money",
            "    if stage not in (SPENDING if spends else OPENING):",
            "    if stage not in OPENING:",
        ),
        (
            "what is retired opens nothing",
            "OPENING: Final = SPENDING | {Stage.PAPER}",
            "OPENING: Final = SPENDING | {Stage.PAPER, Stage.RETIRED}",
        ),
        ("a canary has a tenth", 'Decimal("0.1")', 'Decimal("1")'),
    ),
    *mutations(
        "domain/lifecycle.py",
        ("wiring/test_lifecycle.py",),
        (
            "with real money what lacks stops what opens",
            "    if spends and lacks:",
            "    if not spends and lacks:",
        ),
    ),
    *mutations(
        "domain/proofs.py",
        ("domain/test_proofs.py",),
        ("a failure is no proof", " is None or not found.holds", " is None"),
        (
            "a proof of something else is none",
            "(each.proof, each.of) == (proof, of)",
            "each.proof == proof",
        ),
        (
            "what was shown last counts",
            "    return max(found, key=lambda each: each.at, default=None)",
            "    return min(found, key=lambda each: each.at, default=None)",
        ),
        (
            "a canary needs proofs, too",
            "{Stage.CANARY: tuple(Proof), Stage.LIVE: tuple(Proof)}",
            "{Stage.LIVE: tuple(Proof)}",
        ),
    ),
    *mutations(
        "wiring/lifecycle.py",
        ("wiring/test_lifecycle.py",),
        (
            "what cannot be read is lacking",
            "        return (str(fault),)",
            "        return () if str(fault) else ()",
        ),
    ),
    *mutations(
        "wiring/gates.py",
        ("wiring/test_live.py",),
        (
            "a stage is looked at again before each buy leaves",
            "        if strategy_id is not None and opens:",
            "        if strategy_id is None and opens:",
        ),
    ),
    *mutations(
        "services/risk/cases.py",
        ("services/risk/test_assess.py",),
        (
            "a part of a cap is a part of the day's loss as well",
            "limits.max_daily_loss_per_strategy_pct * part",
            "limits.max_daily_loss_per_strategy_pct",
        ),
        (
            "a part is taken of the cap of the strategy",
            "limits.max_per_strategy_pct) * part",
            "limits.max_per_strategy_pct)",
        ),
    ),
    *mutations(
        "domain/parity.py",
        ("domain/test_parity.py",),
        (
            "a sale that brought less filled worse",
            "(by if mine.side is Side.BUY else -by)",
            "(by if mine.side is Side.SELL else by)",
        ),
        (
            "closes that nobody looked at are missed",
            '        missed["nobody looked"] = closes - len(paper)',
            '        missed["nobody looked"] = 0',
        ),
    ),
)
