"""One directory that holds an installation: its keys, settings and services."""
