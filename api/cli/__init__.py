"""The command line: parse, call the use case, present. `attest --help` tells the rest."""

from api.cli.app import main

__all__ = ["main"]
