"""What changes a book's position, step by step, and what it is after each."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from kraken_pipeline.domain.lots import Fill, Position, Transfer, booked, moved
from kraken_pipeline.domain.renames import Conversion, converted

Place = tuple[str, str]
"""Book and pair."""
Move = Transfer | Conversion
"""What changes a position though nothing was traded."""
Step = Fill | Move


def walked(place: Place, steps: Iterable[Step]) -> Iterator[tuple[Step, Position]]:
    """Yield each step with what it makes of a position that began flat, in the order of time.

    Of one instant the fills come first, then transfers: what is moved was bought before.
    """
    book, pair = place
    position = Position(book=book, pair=pair)
    for step in sorted(steps, key=_turn):
        position = _after(position, step)
        yield step, position


def _after(position: Position, step: Step) -> Position:
    if isinstance(step, Fill):
        return booked(position, step)
    if isinstance(step, Transfer):
        return moved(position, step)
    return converted(position, step)


def _turn(step: Step) -> tuple[datetime, int, str]:
    if isinstance(step, Fill):
        return step.at, 0, step.trade_id
    if isinstance(step, Transfer):
        return step.at, 1, step.transfer_id
    return step.at, 2, step.conversion_id
