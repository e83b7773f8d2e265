"""The one clock of the services: whole seconds, given to the rooms as a number."""

import time


def now() -> int:
    """Unix seconds."""
    return int(time.time())
