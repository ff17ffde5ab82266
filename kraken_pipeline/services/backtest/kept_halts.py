"""What is latched in a backtest, in memory."""

from datetime import datetime

from kraken_pipeline.domain.halts import ACTIONS, EVERYTHING, Halt, HaltKind, Scope


class KeptHalts:
    """What is latched. In a backtest there is nobody who would clear it."""

    def __init__(self) -> None:
        """Begin with nothing latched."""
        self.halts: list[Halt] = []

    def latch(
        self,
        kind: HaltKind,
        *,
        reason: str,
        at: datetime,
        by: str,
        scope: Scope = EVERYTHING,
    ) -> bool:
        """Latch; False if one of that kind and scope is latched already."""
        if any((each.kind, each.scope) == (kind, scope) for each in self.halts):
            return False
        self.halts.append(
            Halt(
                halt_id=len(self.halts) + 1,
                kind=kind,
                scope=scope,
                reason=reason,
                action=ACTIONS[kind],
                latched_at=at,
                latched_by=by,
            )
        )
        return True
