"""One answer in one file."""
