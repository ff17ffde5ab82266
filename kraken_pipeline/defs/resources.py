"""Dagster's way to the wiring: built when a run needs it, nothing at import."""

import os
from collections.abc import Iterator

import dagster as dg

from kraken_pipeline.wiring.emergency import Emergency, emergency
from kraken_pipeline.wiring.pipeline import Pipeline, connect


@dg.resource
def pipeline_resource(context: dg.InitResourceContext) -> Iterator[Pipeline]:
    """The pipeline as configuration and environment say; paper by default.

    Reading the configuration and opening the stores sends nothing.
    """
    pipeline = connect(os.environ)
    try:
        yield pipeline
    finally:
        pipeline.close()


@dg.resource
def emergency_resource(context: dg.InitResourceContext) -> Emergency:
    """The way out: panic, which works where the pipeline cannot be connected."""
    return emergency()
