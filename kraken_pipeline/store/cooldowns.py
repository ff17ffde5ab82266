"""Pairs that nothing is opened on for a while. What is over stays until the next of its pair."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update

from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.store import journal
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.halts import cooldowns

_ALL: Final = Prepared(select(cooldowns.c.pair, cooldowns.c.until))
_RENEW: Final = Prepared(update(cooldowns).where(cooldowns.c.pair == bindparam("of")))
_ADD: Final = Prepared(insert(cooldowns))


def all_cooldowns(connection: Connection) -> Mapping[str, datetime]:
    """Return until when each pair cools, or cooled."""
    return {row["pair"]: row["until"] for row in _ALL.named(connection)}


def cool(connection: Connection, cooldown: Cooldown, *, at: datetime, by: str) -> None:
    """Let a pair cool, instead of whatever was said of it before.

    Args:
        connection: in whose transaction.
        cooldown: of which pair, until when.
        at: the present.
        by: what refused.
    """
    row = {"pair": cooldown.pair, "until": cooldown.until, "reason": cooldown.reason}
    if _RENEW.run(connection, {"of": cooldown.pair, **row}) == 0:
        _ADD.run(connection, row)
    entry = journal.Entry(
        at=at, kind="cooldown.begun", subject=cooldown.pair, actor=by, payload={"row": row}
    )
    journal.write(connection, entry)
