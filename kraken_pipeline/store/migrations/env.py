"""What Alembic runs: the migrations, on the connection and in the transaction of `migrate`."""

from alembic import context

from kraken_pipeline.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
)
context.run_migrations()
