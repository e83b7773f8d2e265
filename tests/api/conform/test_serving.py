"""Our side of the protocol: every request gets one response, and a fault of ours is never told as a refusal."""

import json

import pytest

from api.conform.kit import default_folder, read_kit
from api.conform.serving import OPERATIONS, respond, serve


def request(operation, **argument):
    return json.dumps({"id": 5, "operation": operation, "input": argument}).encode()


def test_a_response_for_every_request():
    said = []
    requests = [request("base64url.decode", text="AQ"), request("base64url.decode", text="AR"), b"{}", b"nonsense"]
    serve([line + b"\n" for line in requests], said.append, engine="fast")
    good, bad, *nothing = map(json.loads, said)
    assert good == {"id": 5, "ok": True, "output": {"bytes": "01"}}
    assert (bad["id"], bad["ok"]) == (5, False)
    assert bad["reason"]
    assert all(each["id"] is None and "error" in each for each in nothing)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in said)


@pytest.mark.parametrize(
    "line", [request("base64url.decode"), request("scalar.decode", bytes="XX"), request("tree.root")]
)
def test_a_request_that_makes_no_sense_is_no_refusal(line):
    assert set(respond(line, engine="fast")) == {"id", "error"}


@pytest.mark.parametrize("operation", ["base64url.guess", "", None, ["x"]])
def test_an_unknown_operation_is_unsupported(operation):
    line = json.dumps({"id": 1, "operation": operation, "input": {}}).encode()
    assert respond(line, engine="fast") == {"id": 1, "unsupported": True}


def test_a_refusal_says_what_others_can_compare():
    (case,) = [case for case in read_kit(default_folder()) if case.id == "predicate/syntax-3"]
    told = respond(request(case.operation, **case.input), engine="fast")
    assert {name: told[name] for name in ("ok", "code", "position")} == {"ok": False, **case.told}


def test_every_operation_is_asked_and_described():
    cases = read_kit(default_folder())
    described = (default_folder().parent / "README.md").read_text()
    assert {case.operation for case in cases} == set(OPERATIONS)
    assert [name for name in OPERATIONS if f"`{name}`" not in described] == []
