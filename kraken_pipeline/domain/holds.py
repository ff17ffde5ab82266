"""What open orders hold of the account's balances, as far as it can be reckoned."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import EXACT, ZERO, plain
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.domain.symbols import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is held of an asset, in that asset, beside what the listed open orders need of it."""

    asset: Asset
    held: Decimal
    needed: Decimal

    def __str__(self) -> str:
        return f"held={plain(self.held)}, needed={plain(self.needed)}"


def unexplained_holds(
    held: Mapping[Asset, Decimal],
    reports: Iterable[OrderReport],
    pairs: Mapping[str, Pair],
    steps: Mapping[Asset, Decimal],
) -> tuple[Hold, ...]:
    """Return each asset of which more or less is held than the open orders need.

    A buy holds quote at its limit, without the fee; a sell holds base. What an order without a
    limit holds cannot be reckoned, so its asset is left out; with one on a pair that is not listed,
    nothing can.

    Args:
        held: by asset, over all its buckets.
        reports: every open order of the account, whoever placed it.
        pairs: the listed pairs, by our name.
        steps: the smallest amount of each asset that a balance shows. Each order's hold may be
            rounded to it; where it is not known, nothing may differ.

    Source: kraken/rest.md §5, a recorded hold that is the sum of price by volume; contract PF-14.
    """
    needed: defaultdict[Asset, list[Decimal]] = defaultdict(list)
    blurred: set[Asset] = set()
    with localcontext(EXACT):
        for report in reports:
            pair = pairs.get(report.pair)
            if pair is None:
                return ()
            asset, amount = _hold_of(report, pair)
            if amount is None:
                blurred.add(asset)
            else:
                needed[asset].append(amount)
        sums = {asset: sum(amounts, ZERO) for asset, amounts in needed.items()}
        return tuple(
            Hold(asset=asset, held=held.get(asset, ZERO), needed=sums.get(asset, ZERO))
            for asset in sorted((held.keys() | sums.keys()) - blurred)
            if abs(held.get(asset, ZERO) - sums.get(asset, ZERO))
            > len(needed[asset]) * steps.get(asset, ZERO)
        )


def _hold_of(report: OrderReport, pair: Pair) -> tuple[Asset, Decimal | None]:
    left = report.qty - report.filled_qty
    if report.side is Side.SELL:
        return pair.base, left
    return pair.quote, None if report.limit_price is None else left * report.limit_price
