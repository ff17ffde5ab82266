"""A few bars as the bytes of one file of Arrow's own format: written and read without encoding.

What is appended at a close is small and soon merged with others into a Parquet part. Parquet would
encode it, compress it and describe it for that short while, which takes thirty times as long.
"""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

MOST_ROWS: Final = 4096
"""Rows up to which a part is written so: some eight closes of 500 pairs, half a megabyte."""
MAGIC: Final = b"ARROW1"
"""What such a file begins with."""


# pyarrow ships no types
def fits(table: Any) -> bool:  # noqa: ANN401
    """Tell whether rows are so few that they are kept so."""
    return bool(table.num_rows <= MOST_ROWS)


def written(table: Any, notes: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
    """Return rows, and what is noted of them, as the bytes of a file."""
    # such a file holds one dictionary of pairs
    told = table.unify_dictionaries().combine_chunks() if _is_in_pieces(table) else table
    noted = told.replace_schema_metadata(dict(notes))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, noted.schema) as writer:
        writer.write_table(noted)
    return sink.getvalue()


def table_in(told: Any) -> Any:  # noqa: ANN401 - as above
    """Return the rows of a file, with what is noted as the metadata of their schema.

    Arrow trusts what it reads: whoever asks must know by a checksum that the bytes are the written
    ones.
    """
    with pa.ipc.open_file(told) as reader:
        return reader.read_all()


def _is_in_pieces(table: Any) -> bool:  # noqa: ANN401 - as above
    return any(column.num_chunks > 1 for column in table.columns)
