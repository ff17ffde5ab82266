"""Damaged bars are taken out, at whatever point that was cut before."""

from pathlib import Path

import pytest

from kraken_pipeline.domain.certificates import Source, Span
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.services.bars.repair import repair
from kraken_pipeline.store.bar_checks import KeptBarStore
from kraken_pipeline.store.bar_files import FolderShelf
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline_tests.store.candles import HOURLY, at, bars, damage

TOLD_AT = at(99)


def seconds(hour: int) -> int:
    return int(at(hour).timestamp())


@pytest.fixture
def store(tmp_path: Path) -> KeptBarStore:
    """Return a store with three certified hours of February, the second damaged."""
    store = KeptBarStore(FolderShelf(tmp_path))
    for hour in (4, 5, 6):
        store.append(HOURLY, [bars("XBTUSD", [hour])])
    damage(tmp_path, 1)
    span = Span(
        first=seconds(0), until=seconds(7), source=Source.TRADES, origin="", fetched_at=TOLD_AT
    )
    CertificateFiles(tmp_path).extend(HOURLY, [("XBTUSD", span, ())])
    return store


def known(folder: Path) -> list[tuple[int, int]]:
    [certificate] = CertificateFiles(folder).of(HOURLY).values()
    return [(each.first, each.until) for each in certificate.spans]


def test_what_was_lost_is_certified_no_more(store: KeptBarStore, tmp_path: Path) -> None:
    found = repair(store, CertificateFiles(tmp_path), HOURLY)

    assert len(found.damages) == 1
    assert known(tmp_path) == [(seconds(0), seconds(5)), (seconds(6), seconds(7))]
    assert store.verify(HOURLY).damages == ()


def test_cut_between_certificates_and_parts_it_goes_on(
    store: KeptBarStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> int:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(store, "take_out", cut)
        with pytest.raises(InterruptedError):
            repair(store, CertificateFiles(tmp_path), HOURLY)

    assert (seconds(5), seconds(6)) not in known(tmp_path)
    repair(store, CertificateFiles(tmp_path), HOURLY)
    assert store.verify(HOURLY).damages == ()
    assert known(tmp_path) == [(seconds(0), seconds(5)), (seconds(6), seconds(7))]


def test_what_is_whole_stays_as_it_is(store: KeptBarStore, tmp_path: Path) -> None:
    repair(store, CertificateFiles(tmp_path), HOURLY)
    before = known(tmp_path)

    assert repair(store, CertificateFiles(tmp_path), HOURLY).damages == ()
    assert known(tmp_path) == before


def test_a_list_that_is_damaged_is_not_mended_by_guessing(
    store: KeptBarStore, tmp_path: Path
) -> None:
    (tmp_path / "1h" / "May").mkdir()

    with pytest.raises(ConfigurationError, match="May is no month of bars"):
        repair(store, CertificateFiles(tmp_path), HOURLY)
