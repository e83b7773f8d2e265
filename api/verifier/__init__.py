"""The verifier as an HTTP application."""
