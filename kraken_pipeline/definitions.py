"""What Dagster loads; nothing else."""

from kraken_pipeline.defs.build import build
from kraken_pipeline.defs.resources import pipeline_resource

defs = build(pipeline_resource)
