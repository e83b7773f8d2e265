"""Structured logs, one JSON object a line, by allow-list: a key that is not named here never reaches a file.

Values are cut and must be plain; exceptions are reduced to their class and the place they were raised, because a
message may quote what a person told us.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

ALLOWED: Final = frozenset(
    {
        "event",
        "level",
        "time",
        "service",
        "instance",
        "method",
        "route",
        "status",
        "ms",
        "key_id",
        "party",
        "provider",
        "query_id",
        "outcome",
        "reason",
        "index",
        "size",
        "count",
        "pending",
        "attempt",
        "error",
        "where",
        "logger",
        "version",
    }
)
LONGEST_VALUE: Final = 256


def keep_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every key that is not allowed, and everything that is not a short plain value; count what was dropped."""
    kept: EventDict = {}
    for key, value in event.items():
        if key not in ALLOWED or not isinstance(value, str | int | float | None):
            continue
        kept[key] = value[:LONGEST_VALUE] if isinstance(value, str) else value
    if dropped := len(event) - len(kept):
        kept["dropped"] = dropped
    return kept


def open_logger(service: str, *, stream: TextIO | None = None) -> FilteringBoundLogger:
    """A logger of this service that writes to the stream (standard output unless told). Nothing global is changed."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream or sys.stdout),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            keep_allowed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        service=service,
    )
    return logger


def whereabouts(error: BaseException) -> dict[str, str]:
    """What may be said about an unexpected exception: its class, and the innermost places it came through."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return {
        "error": type(error).__name__,
        "where": " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)),
    }


@contextmanager
def listening(logger: FilteringBoundLogger) -> Iterator[None]:
    """While the block runs, warnings of every library go to this logger."""
    carrier = LibraryLogs(logger)
    root = logging.getLogger()
    root.addHandler(carrier)
    try:
        yield
    finally:
        root.removeHandler(carrier)


class LibraryLogs(logging.Handler):
    """Carries warnings of libraries (the web server, the database) into our log without their free text.

    Their messages quote requests and parameters; the logger and the class of the error are enough to find out.
    """

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__(level=logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for the record."""
        about = whereabouts(record.exc_info[1]) if record.exc_info and record.exc_info[1] else {}
        self._logger.warning("library", logger=record.name, **about)
