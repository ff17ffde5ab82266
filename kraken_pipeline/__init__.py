"""A Kraken spot trading and market-data pipeline, orchestrated by Dagster."""
