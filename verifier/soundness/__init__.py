"""The check of a verifier's database against itself."""
