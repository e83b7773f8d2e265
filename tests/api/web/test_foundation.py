import io
import json
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import Depends
from fastapi.testclient import TestClient

from api.settings import ServiceSettings
from api.web.auth import Authenticator, Principal, Scope, make_key
from api.web.foundation import Gate, build, holder_of
from api.web.logs import open_logger
from api.web.metrics import Metrics
from api.web.problems import KINDS, MEDIA_TYPE
from api.web.rates import Rates
from api.wire.questions import QueryRequest
from circuits.errors import PredicateSyntaxError, PredicateTypeError
from prover.errors import Declined, ProverUnavailable
from verifier.errors import LogUnavailable, ProofRefused, RegistryError

KEY = make_key(owner="acme-bank", scopes=frozenset({Scope.QUERY}))
POOR = make_key(owner="acme-bank", scopes=frozenset({Scope.AUDIT}))
RAISED = {
    "predicate-syntax": PredicateSyntaxError("salary >", 8, "expected a value"),
    "predicate-type": PredicateTypeError("salary > true", 9, "salary is money"),
    "declined": Declined(),
    "conflict": RegistryError("another schema of this name is logged"),
    "invalid-proof": ProofRefused("4711 lied"),
    "log": LogUnavailable("OperationalError"),
    "prover": ProverUnavailable("worker 4711 died"),
    "unforeseen": RuntimeError("subject 4711 has salary 129000"),
}


class Keys(dict):
    find = dict.get


@asynccontextmanager
async def lifespan(app):
    keys = Keys({key.record.id: key.record for key in (KEY, POOR)})
    app.state.gate = Gate(Authenticator(keys, keep=1), Rates("40/minute"), Rates("1000/minute"))
    app.state.readiness = lambda: {"log": "writable"}
    yield


@pytest.fixture
def log():
    return io.StringIO()


@pytest.fixture
def client(log):
    app = build(
        title="Test",
        description="A test",
        version="1",
        settings=ServiceSettings(database_url="sqlite:///x", body_limit=2048, batch_body_limit=8192),
        lifespan=lifespan,
        logger=open_logger("verifier", stream=log),
        metrics=Metrics("verifier"),
        large=("/v1/large",),
    )

    @app.post("/v1/small")
    @app.post("/v1/large")
    def echo(body: QueryRequest, _: Annotated[Principal, Depends(holder_of(Scope.QUERY))]) -> dict[str, str]:
        return {"predicate": body.predicate}

    @app.get("/v1/raise/{name}")
    def raising(name: str) -> None:
        raise RAISED[name]

    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {KEY.text}"
        yield client


BODY = {"predicate": "salary > 100000", "consent": "a.b.c"}


def problem(response, name):
    assert response.headers["content-type"] == MEDIA_TYPE
    document = response.json()
    assert document["type"] == f"https://zkattest.org/problems/{name}"
    assert document["status"] == response.status_code == KINDS[name].status
    assert document["title"] == KINDS[name].title
    assert document["detail"]
    return document


def test_what_fits_is_answered(client):
    assert client.post("/v1/small", json=BODY).json() == {"predicate": "salary > 100000"}
    assert client.post("/v1/large", json=BODY).status_code == 200


JSON = {"content-type": "application/json"}
UNFIT = [
    ("GET", "/v1/nothing", {}, "not-found"),
    ("GET", "/v1/small/", {}, "not-found"),
    ("GET", "/v1/small", {}, "method-not-allowed"),
    ("DELETE", "/healthz", {}, "method-not-allowed"),
    ("POST", "/v1/small", {"content": b"{}", "headers": {"content-type": "text/plain"}}, "unsupported-media-type"),
    ("POST", "/v1/small", {"content": json.dumps(BODY), "headers": {"content-type": ""}}, "unsupported-media-type"),
    ("POST", "/v1/small", {"data": {"predicate": "x"}}, "unsupported-media-type"),
    ("POST", "/v1/small", {"content": b"{", "headers": JSON}, "bad-request"),
    ("POST", "/v1/small", {"content": b'{"consent":"1","consent":"2"}', "headers": JSON}, "bad-request"),
    ("POST", "/v1/small", {"content": b'{"max_age": NaN}', "headers": JSON}, "bad-request"),
    ("POST", "/v1/small", {"content": b"\xff\xfe", "headers": JSON}, "bad-request"),
    ("POST", "/v1/small", {"content": b" " * 2049, "headers": JSON}, "too-large"),
    ("POST", "/v1/small", {"content": iter([b" " * 1500] * 2), "headers": JSON}, "too-large"),
    ("POST", "/v1/large", {"content": b" " * 8193, "headers": JSON}, "too-large"),
    ("POST", "/v1/small", {"headers": JSON}, "unprocessable"),
    ("POST", "/v1/small", {"json": []}, "unprocessable"),
    ("POST", "/v1/small", {"json": {**BODY, "consent": 4711}}, "unprocessable"),
    ("POST", "/v1/small", {"json": {**BODY, "colour": "red"}}, "unprocessable"),
    ("POST", "/v1/small", {"json": {**BODY, "max_age": 1.5}}, "unprocessable"),
    ("POST", "/v1/small", {"json": {**BODY, "as_of": "tomorrow"}}, "unprocessable"),
    ("POST", "/v1/small", {"json": BODY, "headers": {"authorization": ""}}, "unauthenticated"),
    ("POST", "/v1/small", {"json": BODY, "headers": {"authorization": f"Bearer {POOR.text}"}}, "insufficient-scope"),
    ("GET", "/v1/raise/predicate-syntax", {}, "predicate-syntax"),
    ("GET", "/v1/raise/predicate-type", {}, "predicate-type"),
    ("GET", "/v1/raise/declined", {}, "declined"),
    ("GET", "/v1/raise/conflict", {}, "conflict"),
    ("GET", "/v1/raise/invalid-proof", {}, "invalid-proof"),
    ("GET", "/v1/raise/log", {}, "unavailable"),
    ("GET", "/v1/raise/prover", {}, "unavailable"),
    ("GET", "/v1/raise/unforeseen", {}, "internal"),
]


@pytest.mark.parametrize("case", UNFIT, ids=lambda case: f"{case[3]} {case[0]} {case[1]}")
def test_every_refusal_is_a_problem_without_anything_personal(client, log, case):
    method, path, request_, name = case
    response = client.request(method, path, **request_)
    document = problem(response, name)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    for word in ("4711", "129000", "Traceback"):
        assert word not in response.text
        assert word not in log.getvalue()
    if response.status_code >= 500:
        assert document["instance"].startswith("urn:uuid:")
        assert document["instance"] in log.getvalue()
    else:
        assert document["instance"] == path


def test_headers_say_what_to_do(client):
    assert client.get("/v1/small").headers["allow"] == "POST"
    refused = client.post("/v1/small", json=BODY, headers={"authorization": "Basic x"})
    assert refused.headers["www-authenticate"].startswith("Bearer")
    poor = client.post("/v1/small", json=BODY, headers={"authorization": f"Bearer {POOR.text}"})
    assert 'scope="query"' in poor.headers["www-authenticate"]
    assert client.get("/v1/raise/log").headers["retry-after"] == "2"


def test_a_predicate_error_shows_the_place(client):
    document = client.get("/v1/raise/predicate-type").json()
    assert document["position"] == 9
    assert document["pointer"] == "salary > true\n         ^"


def test_an_unfit_body_lists_every_place(client):
    document = client.post("/v1/small", json={"consent": "", "max_age": -1}).json()
    assert {each["pointer"] for each in document["errors"]} == {"#/predicate", "#/consent", "#/max_age"}


def test_too_many_requests_say_when_to_come_back(client):
    codes = [client.post("/v1/small", json=BODY).status_code for _ in range(41)]
    assert codes[:39] == [200] * 39
    refused = client.post("/v1/small", json=BODY)
    problem(refused, "too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    other = client.post("/v1/small", json=BODY, headers={"authorization": f"Bearer {POOR.text}"})
    problem(other, "insufficient-scope")


def test_every_request_is_logged_by_its_template(client, log):
    client.get("/v1/raise/declined?subject=4711")
    client.get("/v1/4711")
    client.get("/healthz")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [("/v1/raise/{name}", 403), ("none", 404)]


def test_operations_answer(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready", "log": "writable"}
    assert 'zkattest_verifier_request_seconds_count{method="GET",route="/healthz"' in client.get("/metrics").text


def test_the_document_describes_problems_and_keys(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operation = document["paths"]["/v1/small"]["post"]
    assert operation["security"] == [{"key": []}]
    assert list(operation["responses"]["422"]["content"]) == [MEDIA_TYPE]
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "detail"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
