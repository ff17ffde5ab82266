"""Where a pair stands between refreshes, so that it does not go in and out with the market (UNI-4).

Only what moves with the market waits: a pair that the user took out, that the exchange stopped or
that nobody quotes is out at once, and back at once.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the market's filters found a pair of late."""

    fits: bool
    """Whether it counts as one that passes them."""
    contrary: int = 0
    """How many refreshes in a row said otherwise."""
    needed: int = 1
    """How many must before it moves."""
    is_open: bool = False
    """Whether nothing was said of it yet since these rules are in force: the first word counts."""


def stand(
    before: Standing | None, *, passes: bool | None, is_first: bool, refreshes: int
) -> Standing:
    """Return where a pair stands after another refresh.

    Args:
        before: where it stood; None for one that was not listed: it has to earn its place.
        passes: whether it passes every filter that moves with the market now; None where nobody
            quotes it or something is not known, which says nothing for it and nothing against it.
        is_first: whether this is the first refresh under these rules: nothing waits then.
        refreshes: how many in a row must say otherwise before it moves; 1 moves at once.
    """
    known = before or Standing(fits=False)
    if is_first or known.is_open:
        return Standing(fits=bool(passes), needed=refreshes, is_open=passes is None)
    if passes is None:
        return Standing(fits=known.fits, contrary=known.contrary, needed=refreshes)
    contrary = 0 if passes is known.fits else known.contrary + 1
    if contrary >= refreshes:
        return Standing(fits=passes, needed=refreshes)
    return Standing(fits=known.fits, contrary=contrary, needed=refreshes)
