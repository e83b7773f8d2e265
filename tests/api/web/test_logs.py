import io
import json
import logging

from api.web.logs import ALLOWED, LibraryLogs, open_logger, whereabouts


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_what_is_allowed_is_written():
    stream = io.StringIO()
    open_logger("verifier", stream=stream).info("request", route="/v1/queries", status=201, ms=3.5)
    (line,) = lines(stream)
    assert line == line | {"event": "request", "route": "/v1/queries", "status": 201, "ms": 3.5, "service": "verifier"}
    assert set(line) <= ALLOWED


def test_what_is_not_allowed_is_dropped_and_counted():
    stream = io.StringIO()
    open_logger("verifier", stream=stream).info("request", subject="4711", salary=129_000, reason=["4711"])
    (line,) = lines(stream)
    assert "4711" not in stream.getvalue()
    assert "129000" not in stream.getvalue()
    assert line["dropped"] == 3


def test_a_long_value_is_cut():
    stream = io.StringIO()
    open_logger("prover", stream=stream).info("x" * 10_000)
    assert len(stream.getvalue()) < 500


def test_an_exception_is_its_class_and_place_never_its_message():
    try:
        int("salary 129000")
    except ValueError as error:
        about = whereabouts(error)
    assert about["error"] == "ValueError"
    assert about["where"].startswith("test_logs.py:")
    assert "129000" not in str(about)


def test_libraries_are_heard_without_their_words():
    stream = io.StringIO()
    library = logging.getLogger("sqlalchemy.pool.test")
    library.addHandler(LibraryLogs(open_logger("prover", stream=stream)))
    try:
        int("salary 129000")
    except ValueError:
        library.exception("parameters %s", "salary 129000")
    library.info("salary 129000")
    (line,) = lines(stream)
    assert line["logger"] == "sqlalchemy.pool.test"
    assert line["error"] == "ValueError"
    assert "129000" not in stream.getvalue()
