"""What a listener of the private channels is told, and in which order."""

import json
from itertools import pairwise

from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.private import Listening, PrivateFeed
from kraken_pipeline_tests.simulator.bench import Bench
from kraken_pipeline_tests.simulator.stream.conftest import Json


class Ear(Connection):
    """A connection that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(1, lambda point, subject: None)
        self.told: dict[str, list[Json]] = {"executions": [], "balances": []}

    def tell(self, channel: str, frame: str) -> None:
        self.told[channel].append(json.loads(frame))


def test_what_happened_before_anyone_was_told_is_told_in_its_order(bench: Bench) -> None:
    feed, ear = PrivateFeed(bench.exchange), Ear()
    bench.exchange.watchers.append(feed.happened)
    feed.subscribe_executions(ear, Listening())
    feed.subscribe_balances(ear, snapshot=True)
    for _ in range(3):
        bench.add()
    feed.flush()

    for frames in ear.told.values():
        assert len(frames) > 6
        assert [frame["sequence"] for frame in frames] == list(range(1, len(frames) + 1))
        times = [frame["data"][0]["timestamp"] for frame in frames[1:]]
        assert all(before <= after for before, after in pairwise(times))
        assert times[0] < times[-1]
