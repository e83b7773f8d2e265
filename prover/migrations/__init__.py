"""The history of the prover's tables (Alembic)."""
