"""What a fault is told: a rule of a script, or rates of a seed."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kraken_pipeline.simulator.faults.kinds import TRAITS, Kind, Point

LONGEST: Final = 86_400.0
"""Seconds that a fault may last."""
AFTER_EFFECT: Final = frozenset({Point.REPLY, Point.ACKNOWLEDGED})
"""Points at which what was asked for is done already."""
_OF_A_RULE: Final = frozenset(
    {"kind", "method", "channel", "times", "after", "effect", "seconds", "status"}
)
_OF_A_SEED: Final = frozenset({"seed", "rates", "methods"})


class FaultError(ValueError):
    """A fault is told wrongly; the message says what to give instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a script."""

    kind: Kind
    subject: str | None = None
    """The method or channel; None for whatever the kind fits."""
    times: int | None = 1
    """How often it strikes; None for always."""
    after: int = 0
    """How many occasions pass before the first strike."""
    effect: bool = False
    """Whether it strikes after the effect; a choice only where the kind has both forms."""
    seconds: float = 0.0
    status: int = 0

    @property
    def point(self) -> Point:
        """Where it strikes."""
        traits = TRAITS[self.kind]
        return traits.with_effect if self.effect and traits.with_effect else traits.at

    def fits(self, point: Point, subject: str) -> bool:
        """Tell whether an occasion is one of those that it counts."""
        if point is not self.point or (self.subject is not None and self.subject != subject):
            return False
        return TRAITS[self.kind].strikes(subject)

    def script(self) -> dict[str, object]:
        """Return it as it is told over the wire."""
        return {
            "kind": self.kind.value,
            "method": self.subject,
            "times": self.times,
            "after": self.after,
            "effect": self.effect or TRAITS[self.kind].at in AFTER_EFFECT,
            "seconds": self.seconds,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Faults by chance, the same for the same seed and the same calls."""

    number: int
    rates: Mapping[Kind, float]
    """Share of the occasions, 0 to 1. A kind with two forms strikes in each with half of it."""
    subjects: frozenset[str] = frozenset()
    """Methods and channels; empty for all that a kind fits."""

    def script(self) -> dict[str, object]:
        """Return it as it is told over the wire."""
        rates = {kind.value: rate for kind, rate in self.rates.items()}
        return {"seed": self.number, "rates": rates, "methods": sorted(self.subjects)}

    def draws(self, point: Point, subject: str, occasion: int) -> Kind | None:
        """Return what strikes the n-th occasion of a point and subject, or None.

        A draw depends on nothing else, so neither the order of other calls nor threads change it.
        """
        if self.subjects and subject not in self.subjects:
            return None
        for kind, rate in self.rates.items():
            traits = TRAITS[kind]
            if point in traits.points and traits.strikes(subject):
                told = f"{self.number}|{kind}|{point}|{subject}|{occasion}"
                if _chance(told) < rate / len(traits.points):
                    return kind
        return None


def _chance(text: str) -> float:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def rule_of(told: Mapping[str, object]) -> Rule:
    """Return the rule that a JSON object spells.

    Raises:
        FaultError: a field is unknown or has no such value.
    """
    _only(told, _OF_A_RULE)
    kind = kind_of(told.get("kind"))
    traits = TRAITS[kind]
    effect = told.get("effect", False)
    if not isinstance(effect, bool):
        raise FaultError(f"effect is {effect!r}; give true or false")
    if effect and traits.with_effect is None and traits.at not in AFTER_EFFECT:
        raise FaultError(f"{kind} never has an effect before it; leave effect out")
    subject = told.get("method", told.get("channel"))
    if subject is not None and not (isinstance(subject, str) and traits.strikes(subject)):
        fits = ", ".join(sorted(traits.subjects)) or "the name of a method or channel"
        raise FaultError(f"{kind} can't strike {subject!r}; give {fits}")
    times = told.get("times", 1)
    return Rule(
        kind=kind,
        subject=subject,
        times=None if times is None else _whole(times, "times", at_least=1),
        after=_whole(told.get("after", 0), "after", at_least=0),
        effect=effect or traits.at in AFTER_EFFECT,
        seconds=_seconds(told.get("seconds", traits.seconds)),
        status=_status(told.get("status", traits.status), traits.status),
    )


def seed_of(told: Mapping[str, object]) -> Seed:
    """Return the seed and its rates that a JSON object spells.

    Raises:
        FaultError: a field is unknown or has no such value.
    """
    _only(told, _OF_A_SEED)
    rates = told.get("rates")
    if not isinstance(rates, dict) or not rates:
        raise FaultError("give rates, as {kind: share of the occasions, 0 to 1}")
    methods = told.get("methods", [])
    if not isinstance(methods, list):
        raise FaultError(f"methods is {methods!r}; give a list of methods and channels")
    return Seed(
        number=_whole(told.get("seed"), "seed", at_least=0),
        rates={kind_of(kind): _share(rate, kind) for kind, rate in rates.items()},
        subjects=frozenset(map(str, methods)),
    )


def kind_of(text: object) -> Kind:
    """Return the kind of a name.

    Raises:
        FaultError: there is none.
    """
    try:
        return Kind(str(text))
    except ValueError as unknown:
        raise FaultError(f"there is no fault {text!r}; give one of {', '.join(Kind)}") from unknown


def _only(told: Mapping[str, object], fields: frozenset[str]) -> None:
    unknown = sorted(set(told) - fields)
    if unknown:
        raise FaultError(f"there is no field {unknown[0]!r}; give {', '.join(sorted(fields))}")


def _whole(value: object, name: str, *, at_least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise FaultError(f"{name} is {value!r}; give a whole number of at least {at_least}")
    return value


def _number(value: object) -> float:
    """Return a number of any kind; one that is none becomes NaN, which fits no range."""
    try:
        return math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        return math.nan


def _seconds(value: object) -> float:
    seconds = _number(value)
    if not abs(seconds) <= LONGEST:
        raise FaultError(f"seconds is {value!r}; give a number of at most {LONGEST:.0f}")
    return seconds


def _status(value: object, default: int) -> int:
    if value == default:
        return default
    lowest, highest = 400, 599
    status = _whole(value, "status", at_least=lowest)
    if default == 0 or status > highest:
        raise FaultError(f"status is {value!r}; give one of {lowest} to {highest}, to http_error")
    return status


def _share(value: object, kind: str) -> float:
    share = _number(value)
    if not 0 <= share <= 1:
        raise FaultError(f"the rate of {kind} is {value!r}; give a number from 0 to 1")
    return share
