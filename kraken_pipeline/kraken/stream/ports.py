"""What a line needs from others, and what it feeds. They fit by shape and inherit nothing."""

from typing import Protocol

from kraken_pipeline.kraken.stream.topics import Topic, Topics


class ConnectBudget(Protocol):
    """Who says when the next connection may be opened, over all processes of this machine."""

    def take(self, *, after_maintenance: bool) -> float:
        """Take leave to connect and return zero, or return how many seconds to wait first.

        Raises:
            UnreachableError: it cannot be said just now.
        """
        ...


class Feed(Protocol):
    """What a line feeds: the market's channels, or the account's. Called within the loop."""

    @property
    def topics(self) -> Topics:
        """What is to be listened to."""
        ...

    def hear(self, channel: bytes, frame: bytes, at: float) -> bool:
        """Take a frame, and tell whether the channel is one of its own."""
        ...

    def is_ready(self, topic: Topic) -> bool:
        """Tell whether a topic can be asked for already."""
        ...

    def mind(self, at: float) -> str:
        """Look after itself; return why the line must be opened anew, or nothing."""
        ...

    def has_room(self) -> bool:
        """Tell whether it can take more; if not, the line stays closed."""
        ...

    def lose(self, why: str) -> None:
        """Learn that the connection is gone."""
        ...

    async def accompany(self) -> None:
        """Do what a new connection asks for beside listening; canceled when it is gone."""
        ...
