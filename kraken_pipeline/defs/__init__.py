"""What Dagster starts and shows. No logic: each asset and op calls one service."""
