from kraken_pipeline.kraken.stream.tokens import Tokens


class Told:
    """A clock that stands where it is put, and tokens that are counted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fetched = 0

    def fetch(self) -> str:
        self.fetched += 1
        return f"token-{self.fetched}"


def test_a_young_token_is_used_again_and_an_old_one_never() -> None:
    told = Told()
    tokens = Tokens(told.fetch, monotonic=lambda: told.now)
    seen = []
    for told.now in (0.0, 599.0, 601.0, 1200.0):
        seen.append(tokens.current())

    assert seen == ["token-1", "token-1", "token-2", "token-2"]


def test_a_refused_token_is_not_used_again() -> None:
    tokens = Tokens(Told().fetch)
    tokens.refuse(tokens.current())

    assert tokens.current() == "token-2"


def test_refusing_one_that_was_replaced_changes_nothing() -> None:
    tokens = Tokens(Told().fetch)
    tokens.refuse(tokens.current())
    tokens.current()
    tokens.refuse("token-1")

    assert tokens.current() == "token-2"


def test_a_token_is_not_shown() -> None:
    tokens = Tokens(Told().fetch)

    assert tokens.current() not in repr(tokens)
