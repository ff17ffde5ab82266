"""What has no form that Kraken only checks, on whichever way it would go."""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import RefusedError


class OnlyChecks:
    """Refuses what would change an order: who only has orders checked changes none."""

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> NoReturn:
        """Refuse: Kraken has no check of an amendment.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"only validating: {kraken_order_id} stays as it is")

    def cancel(self, kraken_order_id: str) -> NoReturn:
        """Refuse: a cancel has no form that is only checked.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(
            f"only validating: {kraken_order_id} stays; `kraken-pipeline panic` cancels everything"
        )

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> NoReturn:
        """Refuse, as with `cancel`.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"only validating: {', '.join(kraken_order_ids)} stay")
