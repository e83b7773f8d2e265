"""Alembic's environment: it works on the connection it is given and owns nothing else."""

from alembic import context

from verifier.models import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="verifier_revision",
)
with context.begin_transaction():
    context.run_migrations()
