"""Dagster's way to the wiring: built when a run needs it, nothing at import."""

import os

import dagster as dg

from kraken_pipeline.wiring.pipeline import Pipeline, connect


class PipelineResource(  # type: ignore[misc]  # Dagster builds its base at run time
    dg.ConfigurableResourceFactory[Pipeline]
):
    """The pipeline as configuration and environment say; paper by default."""

    def create_resource(self, context: dg.InitResourceContext) -> Pipeline:
        """Read the configuration and open the stores; nothing is sent by that."""
        return connect(os.environ)
