"""The prover as an HTTP application, and how records reach its vault."""
