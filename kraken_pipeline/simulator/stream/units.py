"""A market's whole units as the stream writes them."""

from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream.frames import fixed
from kraken_pipeline.simulator.wire import VOLUME_DECIMALS


def price(pair: Pair, units: int) -> str:
    """Return a price with the pair's decimals, with more only where it has more.

    Recorded candles of early years have prices between today's ticks.
    """
    finer = 10 ** (pair.price_decimals - pair.pair_decimals)
    if units % finer:
        return fixed(units, pair.price_decimals)
    return fixed(units // finer, pair.pair_decimals)


def average(pair: Pair, units: int) -> str:
    """Return an average price, rounded to the pair's decimals."""
    finer = 10 ** (pair.price_decimals - pair.pair_decimals)
    return fixed((units + finer // 2) // finer, pair.pair_decimals)


def volume(pair: Pair, units: int) -> str:
    """Return a volume with all the decimals that volumes have."""
    return fixed(units * 10 ** (VOLUME_DECIMALS - pair.volume_decimals), VOLUME_DECIMALS)
