"""Who acts in a simulation, and on what; everything is drawn from the seed."""

import random
from collections.abc import Callable
from typing import Final

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline_tests.simulation.perils import Fuse
from kraken_pipeline_tests.simulation.process import Process
from kraken_pipeline_tests.simulation.world import World


class Life:
    """One simulation as those see it who do something in it."""

    def __init__(self, world: World, seed: int) -> None:
        """Take the world."""
        self.world: Final = world
        self.seed: Final = seed
        self.dice: Final = self.dice_of("life")

    def dice_of(self, *subject: object) -> random.Random:
        """Return dice of their own for a subject."""
        named = "/".join(str(each) for each in (self.seed, *subject))
        return random.Random(named)  # noqa: S311 repeatable, not secret

    def fuse(self, chance: float) -> Fuse | None:
        """Return where a process will die, or None where it will not."""
        if self.dice.random() >= chance:
            return None
        is_at_request = self.dice.random() < 0.6
        return Fuse(
            steps=self.dice.randint(0, 5 if is_at_request else 45),
            is_at_request=is_at_request,
            is_power_cut=self.dice.random() < 0.4,
        )

    def attempt(
        self, what: str, process: Process, act: Callable[[], object], fuse: Fuse | None = None
    ) -> None:
        """Let a process do something that may fail, or that it may die of."""

        def tried() -> None:
            try:
                act()
            except PipelineError as trouble:
                process.perils.require_alive()
                self.world.tape.say(f"{what} failed: {trouble}")

        self.world.let(process, tried, fuse)
