"""Keys that are accepted, as a seed's file brings them along, and that nothing acts on yet."""

from typing import Final

NOT_READ: Final = (
    "region.code",
    "region.capabilities",
    "market_data.ws_timeframes",
    "market_data.backfill_timeframes",
    "market_data.ohlc_tail_refresh_interval_seconds",
    "market_data.metadata_path",
    "portfolio.include_assets",
    "portfolio.exclude_assets",
    "risk.include_manual_positions",
    "risk.volatility_lookback_bars",
    "execution.paper_tests_completed",
    "execution.max_retries",
    "execution.retry_backoff_seconds",
    "execution.retry_backoff_factor",
    "fees.source",
)
"""Whoever builds what one of them promises takes it out."""
