"""`python -m kraken_pipeline` is the command `kraken-pipeline`."""

from kraken_pipeline.cli import main

main()
