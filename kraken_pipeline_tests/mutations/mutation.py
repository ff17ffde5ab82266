"""A rule of the code, broken on purpose, and the tests that must notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One rule, broken."""

    file: str
    """Under `kraken_pipeline`."""
    text: str
    """What stands there, once."""
    broken: str
    """What stands there instead."""
    rule: str
    """What does not hold any more, as a sentence about the code as it should be."""
    tests: tuple[str, ...]
    """Files under `kraken_pipeline_tests` of which one at least must fail."""

    @property
    def name(self) -> str:
        """How it is called on the command line and in what is printed."""
        return f"{self.file}: {self.rule}"

    def applied(self, source: str) -> str:
        """Return a source with the rule broken.

        Raises:
            ValueError: the text does not stand there exactly once, or nothing would change.
        """
        found = source.count(self.text)
        if found != 1:
            raise ValueError(
                f"{self.name!r}: its text stands {found} times in {self.file}; bring the text up"
                f" to date: {self.text!r}"
            )
        if self.text == self.broken:
            raise ValueError(f"{self.name!r}: broken it is the same; write what breaks the rule")
        return source.replace(self.text, self.broken)


def mutations(
    file: str, tests: tuple[str, ...], *rows: tuple[str, str, str]
) -> tuple[Mutation, ...]:
    """Return mutations of one file that the same tests must notice.

    Args:
        file: under `kraken_pipeline`.
        tests: files under `kraken_pipeline_tests`.
        rows: each a rule, the text that keeps it and a text that breaks it.
    """
    return tuple(
        Mutation(file=file, text=text, broken=broken, rule=rule, tests=tests)
        for rule, text, broken in rows
    )
