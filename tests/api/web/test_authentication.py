"""Who may do what at the verifier: every endpoint against every caller who may not."""

import json

import pytest

from api.web.auth import Scope
from circuits.jws import peek

QUERY = {"predicate": "salary > 100000", "consent": "a.b.c"}
ID = "A" * 22
PROTECTED = [
    ("POST", "/v1/queries", QUERY, {"query"}),
    ("POST", "/v1/query-batches", {"queries": [QUERY]}, {"query"}),
    ("GET", "/v1/queries", None, {"query"}),
    ("GET", f"/v1/queries/{ID}", None, {"query"}),
    ("GET", f"/v1/queries/{ID}/attestation", None, {"query"}),
    ("GET", f"/v1/queries/{ID}/evidence", None, {"query"}),
    ("POST", "/v1/verify", {"evidence": {}}, {"query", "audit"}),
    ("POST", "/v1/schemas", {"schema": {}}, {"issue"}),
    ("POST", "/v1/credentials", {"credential": "a.b.c"}, {"issue"}),
    ("POST", "/v1/credential-batches", {"credentials": ["a.b.c"]}, {"issue"}),
    ("GET", "/v1/entries", None, {"audit"}),
]
PUBLIC = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/providers",
    "/v1/schemas",
    "/log/checkpoint",
    "/openapi.json",
    "/docs",
]


@pytest.fixture(scope="module")
def keys(world):
    return {scope.value: world.verifier.make_key("acme-kyc", scope) for scope in Scope}


def send(world, method, path, body, headers):
    with world.verifier_server.client() as client:
        return client.request(method, path, json=body, headers=headers)


@pytest.mark.parametrize("path", PUBLIC)
def test_public_things_need_no_key(world, path):
    assert send(world, "GET", path, None, {}).status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), [row[:3] for row in PROTECTED])
@pytest.mark.parametrize("who", ["no header", "other scheme", "unknown id", "wrong secret", "revoked"])
def test_without_a_valid_key_nothing_opens(world, keys, method, path, body, who):  # noqa: PLR0917 - a table of three columns
    good = keys["query"].text
    prefix, key_id, secret = good.split("_", 2)
    revoked = world.verifier.make_key("acme-bank", *Scope)
    world.verifier.keys.revoke(revoked.record.id, now=2)
    headers = {
        "no header": {},
        "other scheme": {"Authorization": f"Basic {good}"},
        "unknown id": {"Authorization": f"Bearer {prefix}_{'0' * 16}_{secret}"},
        "wrong secret": {"Authorization": f"Bearer {prefix}_{key_id}_{'A' * 43}"},
        "revoked": {"Authorization": f"Bearer {revoked.text}"},
    }[who]
    refused = send(world, method, path, body, headers)
    assert refused.status_code == 401
    assert refused.json()["type"].endswith("/unauthenticated")
    assert refused.headers["www-authenticate"] == 'Bearer realm="zkattest"'


@pytest.mark.parametrize(("method", "path", "body", "scopes"), PROTECTED)
@pytest.mark.parametrize("scope", [scope.value for scope in Scope])
def test_each_scope_opens_its_own_doors_only(world, keys, method, path, body, scopes, scope):  # noqa: PLR0917 - a table of four columns
    response = send(world, method, path, body, {"Authorization": f"Bearer {keys[scope].text}"})
    refused = response.status_code == 403 and response.json()["type"].endswith("/insufficient-scope")
    assert refused is (scope not in scopes)
    assert response.status_code != 401


@pytest.mark.parametrize("tail", ["", "/attestation", "/evidence"])
def test_another_tenants_query_is_not_there(world, tail):
    path = f"/v1/queries/{world.ask().json()['id']}{tail}"
    assert world.lender.get(path).status_code == 200
    with world.verifier_server.client(world.verifier.other) as other:
        theirs = other.get(path)
        nobodys = other.get(f"/v1/queries/{ID}{tail}")
        listed = other.get("/v1/queries?limit=200").json()["queries"]
    assert theirs.status_code == nobodys.status_code == 404
    assert {**theirs.json(), "instance": ""} == {**nobodys.json(), "instance": ""}
    assert path.split("/")[3] not in [each["id"] for each in listed]


@pytest.mark.parametrize("name", ["..%2F..", "a", "A" * 23, "%00" * 22, "A" * 21 + "é"])
def test_an_id_that_cannot_be_one_is_not_found(world, name):
    assert world.lender.get(f"/v1/queries/{name}").status_code == 404


def test_a_provider_registers_in_its_own_name_only(world):
    logged = next(world.verifier.service.log.read(0, kinds=("credential",)))
    token = json.loads(logged.body)["token"]
    other = world.verifier.make_key("other-kyc", Scope.ISSUE)
    body = {"credentials": [token]}
    own = {"Authorization": f"Bearer {world.verifier.issuer.text}"}
    receipt = send(world, "POST", "/v1/credential-batches", body, own)
    assert receipt.status_code == 201
    assert receipt.json()["credentials"] == [{"id": peek(token)["jti"], "index": logged.index}]
    refused = send(world, "POST", "/v1/credential-batches", body, {"Authorization": f"Bearer {other.text}"})
    assert refused.status_code == 422
    assert "other-kyc is not registered" in refused.json()["detail"]
    forged = {"credentials": [token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")]}
    refused = send(world, "POST", "/v1/credential-batches", forged, own)
    assert refused.status_code in {409, 422}
    assert token not in refused.text
