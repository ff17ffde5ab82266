"""What is shown for a strategy before it may touch money, and what still lacks (STG-7).

A proof is of one type and version with the same parameters on one timeframe. Whatever of them
changes, it is a proof of something else, and the new one has none yet.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.lifecycle import Stage


class Proof(StrEnum):
    """What can be shown. Never renamed: it stands in files that are kept."""

    LOOK_AHEAD = "look_ahead"
    """It looks at nothing that was not known then, and at bars enough."""
    WALK_FORWARD = "walk_forward"
    """What it came to on stretches that its parameters were not chosen on."""
    PARITY = "parity"
    """On paper it did what a backtest of the same days does."""


NEEDED: Final[Mapping[Stage, tuple[Proof, ...]]] = MappingProxyType(
    {Stage.CANARY: tuple(Proof), Stage.LIVE: tuple(Proof)}
)
"""With real money, by stage; the others open nothing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a proof is of."""

    strategy_id: str
    type: str
    version: str
    parameters: str
    """Their hash, defaults among them."""
    timeframe: str

    @property
    def said(self) -> str:
        """It in a few words."""
        return f"{self.type} {self.version} with {self.parameters[:8]} on {self.timeframe}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was shown of a strategy, and whether it is a proof."""

    proof: Proof
    of: Subject
    at: datetime
    holds: bool
    said: tuple[str, ...]
    """Why it is none, or what a person should know of it."""
    report: Mapping[str, object]
    """The figures behind it."""
    code: str = ""
    """Hash of the file that decided; empty where there was none to read, or of an older version."""

    def is_of_other_code(self, code: str) -> bool:
        """Tell whether the file changed since, though the version says that it decides the same.

        Args:
            code: hash of the file that decides now; empty where there is none to read.
        """
        return "" not in {self.code, code} and self.code != code


def parameters_hash(parameters: Mapping[str, object]) -> str:
    """Return what names parameters, whichever order they, or the names within one, are in."""
    return spelled_hash(spelled(parameters))


def spelled(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return parameters as they stand in what a decision was made on: each as JSON."""
    return {name: json.dumps(each, default=str) for name, each in parameters.items()}


def spelled_hash(parameters: Mapping[str, str]) -> str:
    """Return what names parameters that are spelled as JSON already."""
    return digest({name: _in_order(each) for name, each in parameters.items()})


def _in_order(told: str) -> str:
    # what is read back from a file comes in another order than it was configured in
    return json.dumps(json.loads(told), sort_keys=True)


def newest(shown: Iterable[Shown], proof: Proof, of: Subject) -> Shown | None:
    """Return what was shown last; None where nothing was."""
    found = (each for each in shown if (each.proof, each.of) == (proof, of))
    return max(found, key=lambda each: each.at, default=None)


def lacking(
    stage: Stage, subjects: Collection[Subject], shown: Collection[Shown]
) -> tuple[str, ...]:
    """Return what a strategy lacks for real money, such as `walk_forward 1h`.

    What was shown last counts: a failure takes an earlier proof away.

    Args:
        stage: that it is configured to be at.
        subjects: the strategy on each of its timeframes.
        shown: what is kept, of whatever.
    """
    wanted = ((proof, of) for proof in NEEDED.get(stage, ()) for of in subjects)
    return tuple(
        f"{proof} {of.timeframe}"
        for proof, of in wanted
        if (found := newest(shown, proof, of)) is None or not found.holds
    )


def maker_of(proof: Proof, strategy_id: str) -> str:
    """Return the command that shows it."""
    return f"kraken-pipeline strategy prove {strategy_id} --{proof.replace('_', '-')}"
