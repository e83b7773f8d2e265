"""The program's version, as installed."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed() -> str:
    try:
        return version("zkattest")
    except PackageNotFoundError:
        return "0"


VERSION: Final = _installed()
