"""The verifier: everything that a stranger must be able to re-check."""
