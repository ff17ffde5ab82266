"""What is known of an asset's history, whatever it was called."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.certificates import Reason, Source, Span
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.bars.certified import absences
from kraken_pipeline.services.bars.coverage import coverage
from kraken_pipeline.services.bars.renamed_bars import FollowedBars
from kraken_pipeline.services.bars.renamed_history import (
    FollowedCertificates,
    FollowedStretches,
    former_names,
    former_pairs,
)
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline_tests.builders import pair as built
from kraken_pipeline_tests.services.daily import daily

DAILY = timeframe("1d")
NOW = datetime(2026, 3, 10, tzinfo=UTC)
RENAMED = datetime(2026, 3, 8, 15, tzinfo=UTC)
"""Within a day, of which the old name's bar is no more the new one's."""
ALIASES = (Alias(old=Asset("MATIC"), new=Asset("POL"), since=RENAMED, ratio=Decimal(1)),)


def day(of_march: int) -> int:
    return int(datetime(2026, 3, of_march, tzinfo=UTC).timestamp())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """MATIC from the 3rd to the 8th without the 5th, when nothing traded; POL on the 9th alone."""
    bars, certificates = HistoryBarStore(tmp_path), CertificateFiles(tmp_path)
    old = daily("MATICUSD", "1", "2", now=datetime(2026, 3, 5, tzinfo=UTC))
    later = daily("MATICUSD", "4", "5", "6", now=datetime(2026, 3, 9, tzinfo=UTC))
    bars.append(DAILY, [old])
    bars.append(DAILY, [later, daily("POLUSD", "7", now=NOW)])
    for pair, first, until, source in (
        ("MATICUSD", day(3), day(9), Source.TRADES),
        ("POLUSD", day(9), day(10), Source.OHLC),
    ):
        span = Span(first=first, until=until, source=source, origin="", fetched_at=NOW)
        certificates.extend(DAILY, [(pair, span, ())])
    return tmp_path


def test_what_is_certified_of_the_old_name_is_so_of_the_new_up_to_the_rename(folder: Path) -> None:
    found = FollowedCertificates(CertificateFiles(folder), ALIASES).of(DAILY)

    spans = [(each.first, each.until, each.source) for each in found["POLUSD"].spans]
    assert spans == [(day(3), day(8), Source.TRADES), (day(9), day(10), Source.OHLC)]
    assert found["MATICUSD"].spans[0].until == day(9)


def test_gaps_of_the_old_name_are_the_new_one_s_with_their_reasons(folder: Path) -> None:
    bars = FollowedStretches(HistoryBarStore(folder), ALIASES)
    certificates = FollowedCertificates(CertificateFiles(folder), ALIASES)

    [found] = coverage(bars, certificates, DAILY, pair="POLUSD")

    assert (found.first, found.bars) == (day(3), 5)
    assert [(each.first, each.reason) for each in found.gaps] == [
        (day(5), Reason.NO_TRADES),
        (day(8), Reason.NOT_FETCHED),
    ]


def test_a_strategy_may_use_what_is_proven_of_the_old_name(folder: Path) -> None:
    bars = FollowedBars(HistoryBarStore(folder), ALIASES)
    seven = bars.read(DAILY, ("POLUSD",), closed_by=RENAMED, count=4)
    own = CertificateFiles(folder)

    denied = absences([(seven, 4)], RENAMED, own).uncertified
    passed = absences([(seven, 4)], RENAMED, FollowedCertificates(own, ALIASES)).uncertified

    assert (list(denied), dict(passed)) == (["POLUSD"], {})


def test_a_pair_that_was_never_renamed_is_as_it_was(folder: Path) -> None:
    bars = HistoryBarStore(folder)

    found = FollowedStretches(bars, ALIASES).stretches(DAILY, ["MATICUSD"])

    assert found == bars.stretches(DAILY, ["MATICUSD"])


def test_a_pair_had_the_old_name_of_its_base_with_the_same_quote() -> None:
    pol = built(name="POLEUR", base=Asset("POL"), quote=Asset("EUR"))
    polish = built(name="POLYEUR", base=Asset("POLY"), quote=Asset("EUR"))

    assert former_names(pol, ALIASES) == (("MATICEUR", ALIASES[0]),)
    assert former_names(polish, ALIASES) == ()


def test_a_pair_of_an_old_name_is_one_only_where_it_is_listed_still() -> None:
    pol, matic = (
        built(name=f"{each}USD", base=Asset(each), quote=Asset("USD")) for each in ("POL", "MATIC")
    )

    assert former_pairs([pol], {"POLUSD": pol}, ALIASES) == {}
    listed = {"POLUSD": pol, "MATICUSD": matic}
    assert former_pairs([pol], listed, ALIASES) == {"MATICUSD": (matic, RENAMED)}
