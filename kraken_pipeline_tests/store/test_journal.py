"""P-25: whatever is done to a journal shows, by the chain or by an end that was published."""

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.store.audit import _published_faults
from kraken_pipeline.store.heads import Published
from kraken_pipeline.store.journal import BEGINNING, Head, Kept, chain_faults
from kraken_pipeline_tests.store.builders import NOW

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
CONTENTS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), min_size=2, max_size=12)


def chained(contents: list[tuple[str, str, str, str, str]]) -> list[Kept]:
    """Return a journal of these entries as the store writes one."""
    made: list[Kept] = []
    for seq, (at, kind, subject, actor, payload) in enumerate(contents, start=1):
        entry = Kept(
            seq=seq,
            at=at,
            kind=kind,
            subject=subject,
            actor=actor,
            payload=payload,
            previous_hash=made[-1].hash if made else BEGINNING,
            hash="",
        )
        made.append(replace(entry, hash=entry.rightful_hash()))
    return made


def end_of(kept: list[Kept]) -> Head:
    return Head(seq=len(kept), hash=kept[-1].hash)


def published(kept: list[Kept]) -> Published:
    return Published(at=NOW, head=end_of(kept), accepted="")


@given(CONTENTS)
def test_a_journal_as_it_was_written_is_whole(
    contents: list[tuple[str, str, str, str, str]],
) -> None:
    kept = chained(contents)

    assert chain_faults(kept, end_of(kept)) == ()
    assert _published_faults(kept, [published(kept)]) == []


@given(CONTENTS, st.data())
def test_an_entry_that_is_taken_out_shows(
    contents: list[tuple[str, str, str, str, str]], data: st.DataObject
) -> None:
    kept = chained(contents)
    end = end_of(kept)
    del kept[data.draw(st.integers(0, len(kept) - 1))]

    assert chain_faults(kept, end)


@given(CONTENTS, st.data())
def test_an_entry_that_is_edited_in_any_column_shows(
    contents: list[tuple[str, str, str, str, str]], data: st.DataObject
) -> None:
    kept = chained(contents)
    end = end_of(kept)
    place = data.draw(st.integers(0, len(kept) - 1))
    column = data.draw(st.sampled_from([each.name for each in fields(Kept)]))
    before = getattr(kept[place], column)
    edited: Any = {column: before + 1 if column == "seq" else f"{before}!"}
    kept[place] = replace(kept[place], **edited)

    assert chain_faults(kept, end)


@given(contents=CONTENTS, data=st.data(), renumbered=st.booleans())
def test_two_entries_that_changed_places_show(
    contents: list[tuple[str, str, str, str, str]], data: st.DataObject, *, renumbered: bool
) -> None:
    kept = chained(contents)
    end = end_of(kept)
    one, other = data.draw(
        st.lists(st.integers(0, len(kept) - 1), min_size=2, max_size=2, unique=True)
    )
    kept[one], kept[other] = kept[other], kept[one]
    if renumbered:
        kept = [replace(each, seq=place) for place, each in enumerate(kept, start=1)]

    assert chain_faults(kept, end)


@given(CONTENTS, st.data())
def test_an_end_that_is_cut_shows_though_the_head_was_moved_too(
    contents: list[tuple[str, str, str, str, str]], data: st.DataObject
) -> None:
    kept = chained(contents)
    cut = kept[: data.draw(st.integers(1, len(kept) - 1))]

    assert chain_faults(cut, end_of(kept))
    assert chain_faults(cut, end_of(cut)) == ()
    assert _published_faults(cut, [published(kept)])


@given(CONTENTS, st.data())
def test_a_journal_that_is_rewritten_as_a_whole_shows_by_what_was_published(
    contents: list[tuple[str, str, str, str, str]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(contents) - 1))
    forged = [*contents]
    forged[place] = ("forged " + forged[place][0], *forged[place][1:])

    rewritten = chained(forged)

    assert chain_faults(rewritten, end_of(rewritten)) == ()
    assert _published_faults(rewritten, [published(chained(contents))])


@pytest.mark.parametrize("count", [2, 5])
def test_each_entry_carries_the_hash_of_the_one_before(count: int) -> None:
    kept = chained([("", "", "", "", "")] * count)

    assert all(later.previous_hash == earlier.hash for earlier, later in pairwise(kept))
