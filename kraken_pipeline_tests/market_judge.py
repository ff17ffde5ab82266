"""Opening asked of risk on what the stream left for other processes, and judged by the truth."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ExchangeError
from kraken_pipeline.domain.gates import objections
from kraken_pipeline.domain.intents import Intent
from kraken_pipeline.domain.market import Pair, Quote
from kraken_pipeline.domain.risk.state import (
    pair_is_heard,
    quote_is_fresh,
    quote_makes_sense,
    stream_is_heard,
)
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.services.risk.quotes import STREAM, quoted
from kraken_pipeline.store.quotes import QuoteFile
from kraken_pipeline.wiring.market_heard import HeardMarket
from kraken_pipeline_tests.builders import case
from kraken_pipeline_tests.market_truth import Truth

DATA_RULES: Final = (stream_is_heard, pair_is_heard, quote_is_fresh, quote_makes_sense)
LEFT_SECONDS: Final = 20.0
"""A price that the exchange left so long ago is stale, whatever the layers thought of it: fifteen
seconds are what a mute pair may go unnoticed (U-STR-1b), and five a silent socket (U-STR-1)."""
Answers = dict[str, tuple[Quote | None, tuple[str, ...]]]
"""Of each pair the price that was looked at, and the codes that it is denied with."""


@dataclass(slots=True)
class Judged:
    """What opening was answered, and how it looked at the exchange."""

    asked: int = 0
    allowed: int = 0
    unanswered: int = 0
    """Times that REST did not answer, so that nothing could be asked."""
    in_outages: int = 0
    """Asked while there was no connection, or a silent one."""
    codes: Counter[str] = field(default_factory=Counter)
    """Of the denials."""
    left: list[float] = field(default_factory=list)
    """Seconds since the exchange had left the price, of each that was allowed on such a one."""
    stale: list[str] = field(default_factory=list)
    """Allowed on a price that was left too long before, or never was the exchange's."""


class Judge:
    """Asks as risk does: over the file of quotes, beside REST, by risk's own rules."""

    def __init__(
        self,
        heard: HeardMarket,
        market: PublicMarket,
        *,
        pairs: Sequence[Pair],
        truth: Truth,
        folder: Path,
    ) -> None:
        self.heard, self._market, self._pairs, self._truth = heard, market, pairs, truth
        folder.mkdir(parents=True, exist_ok=True)
        self._file = QuoteFile(folder)
        self._case = case()
        self.judged = Judged()

    def ask(self, now: datetime, *, is_outage: bool) -> Answers:
        """Ask whether each pair could be opened now, and note what was answered."""
        try:
            answers = self.answers(now)
        except ExchangeError:
            self.judged.unanswered += 1  # nothing is assessed: what is pending stays so
            return {}
        self.judged.asked += len(answers)
        self.judged.in_outages += len(answers) * is_outage
        for quote, codes in answers.values():
            self.judged.codes.update(codes)
            if not codes and quote is not None:
                self.judged.allowed += 1
                self._prove(quote, now)
        return answers

    def answers(self, now: datetime, *, intent: Intent | None = None) -> Answers:
        """Return with which price and codes an intent is answered on each pair; a buy if none.

        Raises:
            ExchangeError: REST does not answer.
        """
        self._file.write(self.heard.board(None))
        told = quoted(self._market.tickers(), self._file.read(), now=now)
        asked = self._case if intent is None else replace(self._case, intent=intent)
        found: Answers = {}
        for pair in self._pairs:
            quote, doubts = told.quotes.get(pair.name), told.doubts[pair.name]
            of_pair = replace(asked, now=now, pair=pair, quote=quote, doubts=doubts)
            codes = tuple(each.code for each in objections(DATA_RULES, of_pair))
            found[pair.name] = quote, codes
        return found

    def _prove(self, quote: Quote, now: datetime) -> None:
        """Compare a price that could be opened on with what the exchange's was."""
        told: tuple[Decimal, Decimal] = quote.ticker.bid, quote.ticker.ask
        if quote.source != STREAM:
            self.judged.stale.append(f"{quote.pair} at {now:%H:%M:%S}: by {quote.source}")
            return
        if told == self._truth.best(quote.pair, now):
            return
        left = self._truth.left_for(quote.pair, told, now)
        if left is None or left >= LEFT_SECONDS:
            said = "never the exchange's" if left is None else f"left {left:.1f} s before"
            self.judged.stale.append(f"{quote.pair} at {now:%H:%M:%S}: {told} was {said}")
        if left is not None:
            self.judged.left.append(left)
