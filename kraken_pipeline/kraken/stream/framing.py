"""Where frames begin and end, so that plain text frames need not pass through a whole parser. Pure.

Nearly all that comes are text frames in one piece. The general parser of `websockets` takes more
than a third of all the time that a message takes from the socket into a checked book, and cutting
such frames out here hardly any; whatever is no such frame is left to it.

Source: RFC 6455, section 5.2.
"""

from collections.abc import Callable
from typing import Final

WHOLE_TEXT: Final = 0x81
"""The first byte of a text frame in one piece."""
TWO_BYTES: Final = 126
"""In place of a length: it stands in the next two bytes."""
EIGHT_BYTES: Final = 127
"""In place of a length: it stands in the next eight bytes."""
MASKED: Final = 0x80
UNFINISHED: Final = -1
"""Not even the length of the frame is there yet."""


def end_of(data: bytes, start: int) -> int:
    """Return where the frame ends that begins at `start`, which may lie beyond the data.

    Returns:
        the index after its last byte, or `UNFINISHED`.
    """
    if start + 2 > len(data):
        return UNFINISHED
    length = data[start + 1] & ~MASKED
    body = start + 2
    if length >= TWO_BYTES:
        more = 2 if length == TWO_BYTES else 8
        if body + more > len(data):
            return UNFINISHED
        length = int.from_bytes(data[body : body + more], "big")
        body += more
    return body + length + (4 if data[start + 1] & MASKED else 0)


def hear_texts(data: bytes, start: int, hear: Callable[[bytes], None]) -> int:
    """Hand on each text frame in one piece, and return where the first other frame begins.

    Args:
        data: what came.
        start: where a frame begins.
        hear: takes the text of a frame.

    Returns:
        the index of a frame of another kind or of one that is not whole, or the data's length.
    """
    size = len(data)
    while start + 4 <= size and data[start] == WHOLE_TEXT:
        length = data[start + 1]
        body = start + 2
        if length == TWO_BYTES:
            length = data[body] << 8 | data[body + 1]
            body += 2
        elif length > TWO_BYTES:  # a very long one, or one that is masked and so in error
            break
        stop = body + length
        if stop > size:
            break
        hear(data[body:stop])
        start = stop
    return start
