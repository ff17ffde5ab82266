"""What Dagster loads; nothing else."""

from kraken_pipeline.defs.build import build
from kraken_pipeline.defs.resources import emergency_resource, pipeline_resource

defs = build(pipeline_resource, emergency_resource)
