"""What the private stream proves of an order that it never showed (OMS-9, c). Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProof:
    """Between two instants everything that the stream told was heard and written to the books."""

    continuous_since: datetime
    """When the stream showed all open orders and the last fills, and told everything from then on;
    what had been missed before was read. The exchange's time, UTC."""
    last_seen: datetime
    """When it was last heard, with nothing left that was not written. The exchange's time, UTC."""

    def shows_absence(self, *, sent_at: datetime, settled_at: datetime) -> bool:
        """Tell whether an order would have been heard, had it come to exist.

        Either nothing was missed since before it was sent, or everything was shown anew after it
        could come to exist no more. In both cases the stream was heard after that instant.

        Args:
            sent_at: no later than its first byte left. The exchange's time, UTC.
            settled_at: when its deadline and the settle window are over. The exchange's time, UTC.
        """
        return self.last_seen > settled_at and (
            self.continuous_since <= sent_at or self.continuous_since > settled_at
        )

    def must_be_told_anew(self, *, sent_at: datetime, settled_at: datetime) -> bool:
        """Tell whether only another snapshot can prove it: the stream began in between."""
        return self.last_seen > settled_at and sent_at < self.continuous_since <= settled_at
