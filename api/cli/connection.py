"""Which service the command line talks to, and with which of the home's keys."""

import os
from pathlib import Path
from typing import Final

from api.home import Home, read_json
from api.lender_client import ServiceClient

KEY_ENVIRONMENT: Final = "ZKATTEST_KEY"


def home_at(path: Path | None) -> Home:
    """The home a command works in."""
    return Home.at(path, environment=os.environ)


def connect(home: Home, *, room: str = "verifier", key: str = "lender") -> ServiceClient:
    """A client for a service of this home: at the address of the running pair, else at the configured one.

    Raises:
        HomeError: nothing has been set up here, or the keys cannot be used.
    """
    config = home.config()
    url = config.verifier.url if room == "verifier" else config.prover.url
    if home.services_file.is_file():
        running = read_json(home.services_file).get(room)
        if isinstance(running, dict):
            url = str(running.get("url", url))
    # The lender's key may come from elsewhere; the service keys of the home never do.
    given = os.environ.get(KEY_ENVIRONMENT) if key == "lender" else None
    return ServiceClient(url, key=given or home.keys()[key])
