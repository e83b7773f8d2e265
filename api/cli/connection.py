"""Which service the command line talks to, and with which of the home's keys."""

import os
from pathlib import Path
from typing import Final

from api.cli.failures import CommandError
from api.home.directory import Home, read_json
from api.peers.lender_client import ServiceClient
from api.peers.log_client import LogClient

KEY_ENVIRONMENT: Final = "ZKATTEST_KEY"


def home_at(path: Path | None) -> Home:
    """The home a command works in."""
    return Home.at(path, environment=os.environ)


def connect(home: Home, *, room: str = "verifier", key: str = "lender") -> ServiceClient:
    """A client for a service of this home: at the address of the running pair, else at the configured one.

    Raises:
        HomeError: nothing has been set up here, or the keys cannot be used.
        CommandError: the key in the environment cannot be one.
    """
    url = _address(home, room)
    # The lender's key may come from elsewhere; the service keys of the home never do.
    given = os.environ.get(KEY_ENVIRONMENT) if key == "lender" else None
    if given and not (given.isascii() and given.isprintable() and " " not in given):
        raise CommandError(
            "the key holds characters that no key has",
            where=KEY_ENVIRONMENT,
            remedy="a key reads zka_<id>_<secret>; unset the variable to use the key of this home",
        )
    return ServiceClient(url, key=given or home.keys()[key])


def connect_signing(home: Home, file: Path) -> ServiceClient:
    """A client for this home's verifier that signs every request with the key in a file, and has no API key.

    Raises:
        HomeError: nothing has been set up here.
        CommandError: the file holds no private key.
    """
    from api.peers.signing import RequestSigner, SignedAuth
    from circuits.errors import CircuitsError
    from circuits.jws import SigningKey

    try:
        signer = RequestSigner(SigningKey.from_pem(file.read_bytes()))
    except OSError as error:
        raise CommandError("the key cannot be read", where=str(file), remedy=str(error.strerror)) from None
    except CircuitsError as error:
        raise CommandError(str(error), where=str(file), remedy="attest keygen makes one") from None
    return ServiceClient(_address(home, "verifier"), auth=SignedAuth(signer))


def connect_log(home: Home) -> LogClient:
    """A client for the log of this home's running verifier, with the auditor's key; raises HomeError as connect."""
    return LogClient(_address(home, "verifier"), key=home.keys()["audit"])


def _address(home: Home, room: str) -> str:
    config = home.config()
    url = config.verifier.url if room == "verifier" else config.prover.url
    if home.services_file.is_file():
        running = read_json(home.services_file).get(room)
        if isinstance(running, dict):
            url = str(running.get("url", url))
    return url
