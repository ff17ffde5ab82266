import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.store import bar_pieces
from kraken_pipeline.store.bar_pieces import Pieces

TOLD = bytes(range(256)) * 2


@given(
    asked=st.lists(
        st.tuples(
            st.integers(-300, 600),
            st.sampled_from([io.SEEK_SET, io.SEEK_END]),
            st.integers(-1, 300),
        ),
        max_size=8,
    )
)
def test_pieces_are_read_as_the_file_that_they_were_cut_from(
    asked: list[tuple[int, int, int]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bar_pieces, "PIECE", 100)
        whole = io.BytesIO(TOLD)
        cut = Pieces(len(TOLD), lambda place: TOLD[100 * place : 100 * place + 100])
        for offset, whence, size in asked:
            place = offset if whence == io.SEEK_SET else min(offset, 0)
            if place + (len(TOLD) if whence == io.SEEK_END else 0) < 0:
                continue

            assert cut.seek(place, whence) == whole.seek(place, whence)
            assert cut.read(size) == whole.read(size)
            assert cut.tell() == whole.tell()
